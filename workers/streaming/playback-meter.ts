import { seriesOf } from '../../src/contracts/metrics.ts';
import { methodLabel, statusClass } from '../../src/http/request-labels.ts';
import type { Metrics } from '../../src/kernel/metrics.ts';
import type { PlaybackItem } from './playback-path.ts';

const SEGMENT_BYTES = seriesOf('streamgate_segment_bytes_total', {});
const ROUTES: Readonly<Record<PlaybackItem['kind'], string>> = {
  manifest: '/{id}/manifest',
  playlist: '/{id}/media/playlist',
  init: '/{id}/media/init',
  segment: '/{id}/media/segment',
  iframes: '/{id}/media/iframes',
  thumbnail: '/{id}/thumbnails',
  storyboard: '/{id}/storyboard',
  watch: '/{id}/watch',
};

/** Counts what was played. Called when the answer is there, for every segment: nothing is awaited and series are written once. */
export class PlaybackMeter {
  private readonly metrics: Metrics;
  private readonly series = new Map<string, string>();

  constructor(metrics: Metrics) {
    this.metrics = metrics;
  }

  note(item: PlaybackItem | undefined, method: string, response: Response, seconds: number): void {
    const { status } = response;
    const route = item === undefined ? 'none' : ROUTES[item.kind];
    this.metrics.add(this.requestSeries(route, method, status), 1);
    const where = { service: 'streaming', route };
    this.metrics.observe('streamgate_http_request_duration_seconds', where, seconds);
    if (status >= 400 || method !== 'GET' || item === undefined) return;
    if (item.kind === 'segment') this.noteSegment(response);
    if (item.kind === 'manifest')
      this.metrics.count('streamgate_playback_starts_total', { protocol: item.format });
  }

  private noteSegment({ status, headers }: Response): void {
    const cache = status === 304 ? 'revalidated' : 'miss';
    this.metrics.count('streamgate_segments_total', { cache });
    if (status !== 304) this.metrics.add(SEGMENT_BYTES, Number(headers.get('content-length') ?? 0));
  }

  private requestSeries(route: string, method: string, status: number): string {
    const key = `${route} ${methodLabel(method)} ${status}`;
    let series = this.series.get(key);
    if (series === undefined) {
      series = seriesOf('streamgate_http_requests_total', {
        service: 'streaming',
        route,
        method: methodLabel(method),
        status: statusClass(status),
      });
      this.series.set(key, series);
    }
    return series;
  }
}
