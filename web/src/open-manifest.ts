import { networkError, toApiError } from './api-error.ts';
import type { ApiError } from './api-error.ts';

/** What a manifest address answers, in terms of what a viewer should see. */
export type ManifestAnswer =
  | {
      readonly kind: 'playable';
      /** False for sound only, which has no poster. */
      readonly hasPicture: boolean;
    }
  | { readonly kind: 'preparing'; readonly detail: string; readonly retryAfterMs: number }
  | {
      readonly kind: 'refused';
      readonly status: number;
      readonly title: string;
      readonly detail: string;
    };

const POLL_MS = 2_500;
const DEADLINE_MS = 20_000;

const TITLES: Readonly<Record<number, string>> = {
  0: 'No connection',
  401: 'This video needs a valid link',
  403: 'This video cannot be played here',
  404: 'Video not found',
  424: 'This video could not be prepared',
};

/** Asks for the manifest once, because the media element never tells a viewer why something does not play. */
export async function openManifest(
  url: string,
  fetch: typeof globalThis.fetch,
  deadlineMs = DEADLINE_MS,
): Promise<ManifestAnswer> {
  try {
    const response = await fetch(url, {
      cache: 'no-cache',
      signal: AbortSignal.timeout(deadlineMs),
    });
    const body = await response.text();
    if (response.ok) return { kind: 'playable', hasPicture: body.includes('RESOLUTION=') };
    return toAnswer(toApiError(response.status, body, response.headers.get('retry-after')));
  } catch {
    return toAnswer(networkError());
  }
}

/** Sorts a failed answer: worth asking again, or final. */
export function toAnswer(error: ApiError): ManifestAnswer {
  const retryAfterMs = (error.retryAfterSeconds ?? 0) * 1000 || POLL_MS;
  if (error.code === 'video.not_ready' || error.status === 503)
    return { kind: 'preparing', detail: error.message, retryAfterMs };
  const title = TITLES[error.status] ?? 'This video cannot be played at the moment';
  return { kind: 'refused', status: error.status, title, detail: error.message };
}
