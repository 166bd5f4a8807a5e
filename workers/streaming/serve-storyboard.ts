import type { SegmentMap } from '../../src/contracts/media.ts';
import { answerMedia } from '../../src/http/media-response.ts';
import type { Logger } from '../../src/kernel/logger.ts';
import { renderStoryboardVtt, storyboardTiles } from '../../src/media/storyboard.ts';
import type { CanonicalAnswer } from './canonical-answer.ts';
import { unknownPart } from './playback-decision.ts';
import type { StoryboardFormat } from './playback-path.ts';
import { serveBytes } from './serve-bytes.ts';

const CACHED = 'public, max-age=300';
const IMAGE = 'storyboard.jpg';

export interface StoryboardParts {
  readonly media: R2Bucket;
  readonly logger: Logger;
}

/** Answers with the sheet of small pictures, or with where in it each time is. Throws `request.not_found` when the run has none. */
export async function serveStoryboard(
  request: Request,
  work: {
    readonly map: SegmentMap;
    readonly revision: string;
    readonly format: StoryboardFormat;
  },
  { media, logger }: StoryboardParts,
): Promise<CanonicalAnswer> {
  const { map, revision, format } = work;
  const { storyboard, durationSeconds } = map;
  if (storyboard === undefined) throw unknownPart();
  const name = `storyboard.${format}`;
  if (format === 'jpg') {
    const contentType = 'image/jpeg';
    const source = { map, revision, span: storyboard, name, contentType, cacheControl: CACHED };
    return serveBytes(request, source, media, logger);
  }
  if (format === 'vtt') {
    const text = renderStoryboardVtt(storyboard, durationSeconds, IMAGE);
    return answerText(request, text, { etag: `"${revision}.${name}"`, type: VTT });
  }
  // Players read this address without a base.
  const url = new URL(IMAGE, request.url).href;
  const { tileWidth, tileHeight } = storyboard;
  const tiles = storyboardTiles(storyboard, durationSeconds).map(({ startSeconds, x, y }) => ({
    startTime: startSeconds,
    x,
    y,
  }));
  const text = JSON.stringify({ url, tileWidth, tileHeight, duration: durationSeconds, tiles });
  // It holds the address that it was asked for at, so it differs from one token or host to the next.
  return answerText(request, text, {
    etag: `"${revision}.${name}.${hashOf(url)}"`,
    type: JSON_TYPE,
  });
}

const VTT = 'text/vtt; charset=utf-8';
/** Without a charset: a player compares the whole header. */
const JSON_TYPE = 'application/json';

function answerText(
  request: Request,
  text: string,
  { etag, type }: { readonly etag: string; readonly type: string },
): CanonicalAnswer {
  const bytes = new TextEncoder().encode(text);
  const { status, headers, body } = answerMedia(request, {
    etag,
    sizeBytes: bytes.byteLength,
    contentType: type,
    cacheControl: CACHED,
  });
  const part = body && bytes.subarray(body.offset, body.offset + body.length);
  return { status, headers, body: part ?? null };
}

function hashOf(text: string): string {
  const hash = Array.from(text).reduce((sum, each) => (sum * 31 + each.charCodeAt(0)) >>> 0, 7);
  return hash.toString(36);
}
