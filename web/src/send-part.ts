import { networkError, toApiError } from './api-error.ts';

const STALLED_MS = 60_000;

/** Sends one part; fails with an ApiError. `onProgress` gets the bytes of this part that have left so far. */
export type SendPart = (part: {
  readonly uploadId: string;
  readonly partNumber: number;
  readonly body: Blob;
  readonly authorization: string;
  readonly signal: AbortSignal;
  readonly onProgress: (bytes: number) => void;
}) => Promise<void>;

/** XMLHttpRequest, because fetch tells nothing of the progress of a request body. A transfer that stands still for a minute is given up. */
export const sendPart: SendPart = (part) =>
  new Promise((resolve, reject) => {
    part.signal.throwIfAborted();
    const request = new XMLHttpRequest();
    const stop = (): void => {
      request.abort();
    };
    let stalled = setTimeout(stop, STALLED_MS);
    request.open('PUT', `/api/v1/uploads/${part.uploadId}/parts/${part.partNumber}`);
    request.setRequestHeader('authorization', part.authorization);
    request.setRequestHeader('content-type', 'application/octet-stream');
    request.upload.addEventListener('progress', (event) => {
      clearTimeout(stalled);
      stalled = setTimeout(stop, STALLED_MS);
      part.onProgress(event.loaded);
    });
    request.addEventListener('loadend', () => {
      clearTimeout(stalled);
      part.signal.removeEventListener('abort', stop);
      if (request.status >= 200 && request.status < 300) {
        resolve();
        return;
      }
      reject(part.signal.aborted ? (part.signal.reason as Error) : failureOf(request));
    });
    part.signal.addEventListener('abort', stop, { once: true });
    request.send(part.body);
  });

function failureOf(request: XMLHttpRequest): Error {
  if (request.status === 0) return networkError();
  return toApiError(request.status, request.responseText, request.getResponseHeader('retry-after'));
}
