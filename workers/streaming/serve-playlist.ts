import type { SegmentMap } from '../../src/contracts/media.ts';
import type { CacheApi } from '../../src/contracts/service-apis.ts';
import { isNotModified } from '../../src/http/media-response.ts';
import type { Logger } from '../../src/kernel/logger.ts';
import type { CanonicalAnswer } from './canonical-answer.ts';
import { unknownPart } from './playback-decision.ts';
import type { RunOfVideo, SegmentMaps } from './segment-maps.ts';

/** Part of the cache key: rises when the renderer writes other bytes for the same map. */
const RENDERER_VERSION = 1;
const ETAG_BYTES = 16;

/** A playlist or manifest of a run: its name in the cache and how it is made. `render` answers `undefined` when the run has no such rendition. */
export interface Playlist {
  readonly run: RunOfVideo;
  readonly name: string;
  readonly contentType: string;
  readonly cacheControl: string;
  render(map: SegmentMap): string | undefined;
}

export interface PlaylistParts {
  readonly maps: SegmentMaps;
  /** The cache service, where this deployment has one. */
  findCache(): CacheApi | undefined;
  readonly logger: Logger;
  readonly waitUntil: (work: Promise<unknown>) => void;
}

/** Answers with a playlist; the bytes are the same for every viewer. */
export async function servePlaylist(
  request: Request,
  playlist: Playlist,
  parts: PlaylistParts,
): Promise<CanonicalAnswer> {
  const bytes = new TextEncoder().encode(await renderOnce(playlist, parts));
  const etag = await etagOf(bytes);
  const common = { etag, 'cache-control': playlist.cacheControl };
  if (isNotModified(request, etag)) return { status: 304, headers: common, body: null };
  const headers = {
    ...common,
    'content-type': playlist.contentType,
    'content-length': String(bytes.byteLength),
    'accept-ranges': 'none',
  };
  return { status: 200, headers, body: request.method === 'HEAD' ? null : bytes };
}

/** A map that is here renders faster than the cache answers; a map that is not is larger than its playlist. */
async function renderOnce(playlist: Playlist, parts: PlaylistParts): Promise<string> {
  const map = parts.maps.peek(playlist.run);
  if (map !== undefined) return render(playlist, map);
  const key = `${playlist.run.uid}/${playlist.run.revision}/v${RENDERER_VERSION}.${playlist.name}`;
  const cached = await readCache(key, parts);
  if (cached !== undefined) return cached;
  const text = render(playlist, await parts.maps.find(playlist.run));
  parts.waitUntil(writeCache(key, text, parts));
  return text;
}

function render(playlist: Playlist, map: SegmentMap | undefined): string {
  const text = map && playlist.render(map);
  if (text === undefined) throw unknownPart();
  return text;
}

async function readCache(key: string, parts: PlaylistParts): Promise<string | undefined> {
  try {
    return await parts.findCache()?.get('playlist', key);
  } catch (error) {
    // Going on: the cache only saves work.
    parts.logger.warn('playlist.cache.failed', { key, error });
    return undefined;
  }
}

async function writeCache(key: string, text: string, parts: PlaylistParts): Promise<void> {
  try {
    await parts.findCache()?.put('playlist', key, text);
  } catch (error) {
    parts.logger.warn('playlist.cache.failed', { key, error });
  }
}

async function etagOf(bytes: Uint8Array): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', bytes);
  return `"${Buffer.from(digest, 0, ETAG_BYTES).toString('hex')}"`;
}
