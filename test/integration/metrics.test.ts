import { env } from 'cloudflare:workers';
import { describe, expect, test } from 'vitest';

import { serviceContext } from '../../src/kernel/worker-host.ts';
import { call, seedToken } from './accounts.ts';
import { heldMetrics } from './held-metrics.ts';
import { seedVideo } from './playback-fixture.ts';

const BYTES = 'streamgate_upload_bytes_total';

/** The value of one series of `/metrics`, after this isolate has sent what it counted. */
async function read(series: string): Promise<number> {
  const { metrics } = await serviceContext();
  // A batch that an earlier test could not send would go first.
  await metrics.flush();
  await metrics.flush();
  const text = await (await call('/metrics')).text();
  const line = text.split('\n').find((each) => each.startsWith(`${series} `));
  return line === undefined ? 0 : Number(line.slice(series.length + 1));
}

describe('/metrics', () => {
  test('is for tokens with metrics:read, and for admins', async () => {
    await seedToken('scraper-token', ['metrics:read']);
    await seedToken('player-token', ['videos:read']);
    const status = async (token?: string): Promise<number> =>
      (await call('/metrics', {}, token)).status;
    expect(await status('')).toBe(401);
    expect(await status('player-token')).toBe(403);
    expect(await status('scraper-token')).toBe(200);
    expect(await status()).toBe(200);
    expect((await call('/api/v1/status', {}, 'scraper-token')).status).toBe(403);
  });

  test('adds up what several isolates counted, a batch that came twice once', async () => {
    const { services } = await serviceContext();
    const before = await read(BYTES);
    for (let isolate = 1; isolate <= 20; isolate += 1) {
      const { metrics, batches } = heldMetrics();
      metrics.count(BYTES, {}, isolate);
      await metrics.flush();
      for (const batch of [...batches, ...batches]) await services.get('monitor').addMetrics(batch);
    }
    expect(await read(BYTES)).toBe(before + 210);
    const shards = await Promise.all(
      Array.from({ length: 8 }, (_, each) => env.METRICS.getByName(`shard-${each}`).read()),
    );
    const used = shards.filter((series) => (series[BYTES] ?? 0) > 0);
    expect(used.length).toBeGreaterThan(2);
  });

  test('counts a request by service, route and status, never by its path', async () => {
    const series = (route: string, status: string, method = 'GET'): string =>
      `streamgate_http_requests_total{service="upload",route="${route}",method="${method}",status="${status}"}`;
    const one = series('/api/v1/uploads/{id}', '4xx');
    const before = await read(one);
    await call('/api/v1/uploads/upl_00000000000000000000000000');
    await call('/api/v1/uploads/upl_00000000000000000000000001');
    expect(await read(one)).toBe(before + 2);
    await call('/api/v1/uploads/made/up/by/somebody');
    expect(await read(series('none', '4xx'))).toBeGreaterThan(0);
    expect(await (await call('/metrics')).text()).not.toContain('somebody');
  });

  test('counts errors by code', async () => {
    const series = 'streamgate_errors_total{code="auth.required"}';
    const before = await read(series);
    await call('/api/v1/uploads', {}, '');
    expect(await read(series)).toBe(before + 1);
  });

  test('counts what is played: a start, segments, their bytes, and those the viewer still has', async () => {
    const { uid, revision } = await seedVideo();
    const miss = 'streamgate_segments_total{cache="miss"}';
    const revalidated = 'streamgate_segments_total{cache="revalidated"}';
    const start = 'streamgate_playback_starts_total{protocol="hls"}';
    const sent = 'streamgate_segment_bytes_total';
    const before = await Promise.all([miss, revalidated, start, sent].map((each) => read(each)));
    await (await call(`/${uid}/manifest/video.m3u8`, {}, '')).text();
    const address = `/${uid}/media/${revision}/360p/1.m4s`;
    const segment = await call(address, {}, '');
    await segment.arrayBuffer();
    const headers = { 'if-none-match': segment.headers.get('etag') ?? '' };
    expect((await call(address, { headers }, '')).status).toBe(304);
    const after = await Promise.all([miss, revalidated, start, sent].map((each) => read(each)));
    expect(after.map((value, place) => value - (before[place] ?? 0))).toEqual([1, 1, 1, 700]);
  });

  test('says how the stores and queues are', async () => {
    const text = await (await call('/metrics')).text();
    expect(text).toContain('streamgate_check_ok{check="database"} 1\n');
    expect(text).toContain('streamgate_queue_messages{queue="transcode"} ');
    expect(text).toContain('streamgate_jobs{state="queued"} 0\n');
    expect(text).toContain('streamgate_encode_backlog_media_seconds 0\n');
  });
});
