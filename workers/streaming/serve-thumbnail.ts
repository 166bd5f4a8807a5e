import { AppError } from '../../src/contracts/errors.ts';
import { IMAGE_DEADLINE_MS, IMAGE_TYPES } from '../../src/contracts/image-task.ts';
import type { ImageFormat } from '../../src/contracts/image-task.ts';
import type { SegmentMap } from '../../src/contracts/media.ts';
import { imageKey } from '../../src/contracts/object-keys.ts';
import type { TranscoderApi } from '../../src/contracts/service-apis.ts';
import { answerMedia } from '../../src/http/media-response.ts';
import type { Logger } from '../../src/kernel/logger.ts';
import type { CanonicalAnswer } from './canonical-answer.ts';
import { isPlain, parseImageQuery } from './image-query.ts';
import { planImage } from './plan-image.ts';
import type { ImagePlan } from './plan-image.ts';
import { unknownPart } from './playback-decision.ts';
import { headObject, readObject } from './read-object.ts';
import type { RunOfVideo } from './segment-maps.ts';
import { serveBytes } from './serve-bytes.ts';

const CACHED = 'public, max-age=300';
/** The poster in place of a picture that could not be made in time: ask again soon. */
const IN_PLACE = 'public, max-age=5';
const RETRY_AFTER_SECONDS = 5;
/** The runner has its own deadline; this one is for a runner that is gone. */
const CALL_DEADLINE_MS = IMAGE_DEADLINE_MS + 1000;

/** The published run and where its owner wants the thumbnail to be, as a share of the length; 0 for no wish. */
export interface PicturedRun extends RunOfVideo {
  readonly thumbnailPct: number;
}

export interface ThumbnailParts {
  readonly media: R2Bucket;
  readonly logger: Logger;
  /** The service that makes pictures, where this deployment has one. */
  findTranscoder(): Pick<TranscoderApi, 'makeImage'> | undefined;
}

/**
 * Answers with the picture or animation that the address asks for: a kept one, else one made for this request, else the poster.
 * Throws `request.invalid` naming the parameter, `request.not_found` for a video without pictures, `service.unavailable` with Retry-After.
 */
export async function serveThumbnail(
  request: Request,
  run: PicturedRun,
  work: { readonly map: SegmentMap; readonly format: ImageFormat },
  parts: ThumbnailParts,
): Promise<CanonicalAnswer> {
  const { map, format } = work;
  const query = parseImageQuery(format, new URL(request.url).searchParams);
  if (isPlain(query) && run.thumbnailPct === 0 && map.poster !== undefined)
    return servePoster(request, run, { map, cacheControl: CACHED }, parts);
  const plan = planImage(map, query, run.thumbnailPct);
  if (plan === undefined) throw unknownPart();
  const key = imageKey(run.uid, run.revision, plan.name);
  const kept =
    (await serveKept(request, { key, format }, parts)) ??
    ((await makeImage(key, { map, plan }, parts))
      ? await serveKept(request, { key, format }, parts)
      : undefined);
  if (kept !== undefined) return kept;
  if (map.poster === undefined) {
    throw new AppError(
      'service.unavailable',
      'The picture cannot be made at the moment. Try again shortly.',
      { retryAfterSeconds: RETRY_AFTER_SECONDS },
    );
  }
  const poster = await servePoster(request, run, { map, cacheControl: IN_PLACE }, parts);
  return { ...poster, headers: { ...poster.headers, 'x-image-fallback': 'poster' } };
}

function servePoster(
  request: Request,
  { revision }: RunOfVideo,
  { map, cacheControl }: { readonly map: SegmentMap; readonly cacheControl: string },
  { media, logger }: ThumbnailParts,
): Promise<CanonicalAnswer> {
  const contentType = IMAGE_TYPES.jpg;
  const source = { map, revision, span: map.poster, name: 'poster', contentType, cacheControl };
  return serveBytes(request, source, media, logger);
}

async function serveKept(
  request: Request,
  { key, format }: { readonly key: string; readonly format: ImageFormat },
  { media }: ThumbnailParts,
): Promise<CanonicalAnswer | undefined> {
  const head = await headObject(media, key);
  if (head === undefined) return undefined;
  const { status, headers, body } = answerMedia(request, {
    etag: head.httpEtag,
    sizeBytes: head.size,
    contentType: IMAGE_TYPES[format],
    cacheControl: CACHED,
  });
  if (body === undefined) return { status, headers, body: null };
  const object = await readObject(media, key, body);
  return object && { status, headers, body: object.body };
}

/** True when the image was made. Whatever goes wrong there, the viewer gets another answer. */
async function makeImage(
  key: string,
  { map, plan }: { readonly map: SegmentMap; readonly plan: ImagePlan },
  parts: ThumbnailParts,
): Promise<boolean> {
  const input = plan.input.map(({ object, offset, length }) => ({
    key: map.objects[object] ?? '',
    offset,
    length,
  }));
  const late = Promise.withResolvers<false>();
  const timer = setTimeout(() => late.resolve(false), CALL_DEADLINE_MS);
  try {
    const made = parts.findTranscoder()?.makeImage({ key, input, task: plan.task });
    return (await Promise.race([made, late.promise])) ?? false;
  } catch (error) {
    parts.logger.warn('thumbnail.failed', { key, error });
    return false;
  } finally {
    clearTimeout(timer);
  }
}
