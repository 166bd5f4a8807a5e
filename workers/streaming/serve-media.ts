import type { ByteSpan, RenditionMap, SegmentMap } from '../../src/contracts/media.ts';
import type { CacheApi } from '../../src/contracts/service-apis.ts';
import { renderDashManifest } from '../../src/media/dash.ts';
import {
  renderIframePlaylist,
  renderMediaPlaylist,
  renderMultivariantPlaylist,
} from '../../src/media/hls.ts';
import type { CanonicalAnswer } from './canonical-answer.ts';
import { unknownPart } from './playback-decision.ts';
import type { PlaybackItem } from './playback-path.ts';
import type { RunOfVideo, SegmentMaps } from './segment-maps.ts';
import { mediaType, serveBytes } from './serve-bytes.ts';
import { servePlaylist } from './serve-playlist.ts';
import type { Playlist } from './serve-playlist.ts';
import { serveStoryboard } from './serve-storyboard.ts';
import { serveThumbnail } from './serve-thumbnail.ts';
import type { PicturedRun, ThumbnailParts } from './serve-thumbnail.ts';

/** Addresses that hold the revision never change their bytes. */
const IMMUTABLE = 'public, max-age=31536000, immutable';
/** The manifest names the published run, so a new run must be seen at once; the ETag makes asking cheap. */
const REVALIDATED = 'public, no-cache';
const HLS_TYPE = 'application/vnd.apple.mpegurl';
const DASH_TYPE = 'application/dash+xml';

/** What media is made from. */
export interface MediaParts extends ThumbnailParts {
  readonly maps: SegmentMaps;
  findCache(): CacheApi | undefined;
  readonly waitUntil: (work: Promise<unknown>) => void;
}

export type MediaItem = Exclude<PlaybackItem, { readonly kind: 'watch' }>;

/**
 * The canonical answer for one part of a published run. It knows nothing of the viewer, so it is the same for everybody and may be stored
 * under `{uid, revision, item}`; whoever calls it has checked the viewer. Throws `request.not_found` for a part that the run does not have.
 */
export async function serveMedia(
  request: Request,
  run: PicturedRun,
  item: MediaItem,
  parts: MediaParts,
): Promise<CanonicalAnswer> {
  if ('revision' in item && item.revision !== run.revision) throw unknownPart();
  if (item.kind === 'manifest' || item.kind === 'playlist' || item.kind === 'iframes')
    return servePlaylist(request, playlistOf(run, item), parts);
  const map = await parts.maps.find(run);
  if (map === undefined) throw unknownPart();
  const { revision } = run;
  if (item.kind === 'thumbnail')
    return serveThumbnail(request, run, { map, format: item.format }, parts);
  if (item.kind === 'storyboard')
    return serveStoryboard(request, { map, revision, format: item.format }, parts);
  const source = { map, revision, ...bytesOf(map, item) };
  return serveBytes(request, source, parts.media, parts.logger);
}

function playlistOf(
  run: RunOfVideo,
  item: Extract<MediaItem, { kind: 'manifest' | 'playlist' | 'iframes' }>,
): Playlist {
  if (item.kind === 'manifest') return manifestOf(run, item.format);
  return {
    run,
    name: `${item.kind === 'iframes' ? 'iframes' : 'media'}.${item.rendition}`,
    contentType: HLS_TYPE,
    cacheControl: IMMUTABLE,
    render: (map) => {
      const rendition = findRendition(map, item.rendition);
      const renderOne = item.kind === 'iframes' ? renderIframePlaylist : renderMediaPlaylist;
      return rendition && renderOne(rendition);
    },
  };
}

function manifestOf(run: RunOfVideo, format: 'hls' | 'dash'): Playlist {
  const { revision } = run;
  if (format === 'dash') {
    return {
      run,
      name: 'dash',
      contentType: DASH_TYPE,
      cacheControl: REVALIDATED,
      render: (map) => renderDashManifest(map, revision),
    };
  }
  return {
    run,
    name: 'manifest',
    contentType: HLS_TYPE,
    cacheControl: REVALIDATED,
    render: (map) => renderMultivariantPlaylist(map, revision),
  };
}

interface Bytes {
  readonly span: ByteSpan | undefined;
  readonly name: string;
  readonly contentType: string;
  readonly cacheControl: string;
}

function bytesOf(map: SegmentMap, item: Extract<MediaItem, { kind: 'init' | 'segment' }>): Bytes {
  const rendition = findRendition(map, item.rendition);
  if (rendition === undefined) throw unknownPart();
  const name = item.kind === 'init' ? 'init' : String(item.segment);
  return {
    span: item.kind === 'init' ? rendition.init : rendition.segments[item.segment],
    name: `${rendition.name}.${name}`,
    contentType: mediaType(rendition),
    cacheControl: IMMUTABLE,
  };
}

function findRendition(map: SegmentMap, name: string): RenditionMap | undefined {
  return map.renditions.find((rendition) => rendition.name === name);
}
