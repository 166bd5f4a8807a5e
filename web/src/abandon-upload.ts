import type { ApiClient } from './api-client.ts';
import { ApiError } from './api-error.ts';

/** Takes an upload back. Where the server has joined its parts already, the video made of it goes instead. */
export async function abandonUpload(
  api: Pick<ApiClient, 'cancelUpload' | 'findUpload' | 'deleteVideo'>,
  uploadId: string,
): Promise<void> {
  try {
    await api.cancelUpload(uploadId);
  } catch (error) {
    if (isGone(error)) return;
    if (!(error instanceof ApiError) || error.code !== 'upload.closed') throw error;
    const upload = await api.findUpload(uploadId);
    if (upload === undefined) return;
    await api.deleteVideo(upload.uid).catch((failure: unknown) => {
      if (!isGone(failure)) throw failure;
    });
  }
}

function isGone(error: unknown): boolean {
  return error instanceof ApiError && error.status === 404;
}
