import type { ByteSpan, RenditionMap, SegmentMap } from '../../src/contracts/media.ts';
import { answerMedia } from '../../src/http/media-response.ts';
import type { Logger } from '../../src/kernel/logger.ts';
import type { CanonicalAnswer } from './canonical-answer.ts';
import { unknownPart } from './playback-decision.ts';
import { readObject } from './read-object.ts';

/** A run of bytes of the published run, and the name that tells it apart there. */
export interface ByteSource {
  readonly map: SegmentMap;
  readonly span: ByteSpan | undefined;
  readonly revision: string;
  readonly name: string;
  readonly contentType: string;
  readonly cacheControl: string;
}

/** Answers with a run of bytes of a packed object, streamed. Throws `request.not_found` when the map or R2 has none. */
export async function serveBytes(
  request: Request,
  source: ByteSource,
  media: R2Bucket,
  logger: Logger,
): Promise<CanonicalAnswer> {
  const { map, span, revision, name } = source;
  const key = span && map.objects[span.object];
  if (span === undefined || key === undefined) throw unknownPart();
  const { status, headers, body } = answerMedia(request, {
    // Objects are write-once, so the place of the bytes names the bytes.
    etag: `"${revision}.${name}.${span.object}.${span.offset}.${span.length}"`,
    sizeBytes: span.length,
    contentType: source.contentType,
    cacheControl: source.cacheControl,
  });
  if (body === undefined) return { status, headers, body: null };
  const object = await readObject(media, key, {
    offset: span.offset + body.offset,
    length: body.length,
  });
  if (object === undefined) {
    logger.error('playback.object.missing', { key });
    throw unknownPart();
  }
  return { status, headers, body: object.body };
}

/** Media type of a rendition's init segment and segments. */
export function mediaType({ kind }: RenditionMap): string {
  return kind === 'audio' ? 'audio/mp4' : 'video/mp4';
}
