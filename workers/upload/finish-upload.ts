import { sourceKey } from '../../src/contracts/object-keys.ts';
import type { ServiceContext } from '../../src/kernel/service-context.ts';
import { r2ErrorCode } from './r2-error.ts';
import { setUploadState } from './upload-rows.ts';
import type { CloseReason, RecordedPart, UploadState } from './upload-state.ts';

const NO_SUCH_UPLOAD = 10024;
const INVALID_PART = 10025;

/** `gone`: R2 has neither the parts nor the file. `stale`: R2 holds other bytes than those recorded. */
export type Assembly = 'assembled' | 'stale' | 'gone';

/** Joins the parts into the source object. A lost answer is found out by the object's size, so a repeat is harmless. */
export async function assembleSource(
  bucket: R2Bucket,
  state: UploadState,
  parts: readonly RecordedPart[],
): Promise<Assembly> {
  const key = sourceKey(state.uid);
  try {
    const multipart = bucket.resumeMultipartUpload(key, state.multipartId ?? '');
    await multipart.complete(parts.map(({ partNumber, etag }) => ({ partNumber, etag })));
    return 'assembled';
  } catch (error) {
    const code = r2ErrorCode(error);
    if (code === INVALID_PART) return 'stale';
    if (code !== NO_SUCH_UPLOAD) throw error;
    const object = await bucket.head(key);
    return object?.size === state.size?.sizeBytes ? 'assembled' : 'gone';
  }
}

/** Hands the file over to metadata and closes the row. False when the video was deleted meanwhile: then its source goes, too. */
export async function announceSource(
  context: ServiceContext,
  state: UploadState,
  revision: string,
): Promise<boolean> {
  const { id, uid, size } = state;
  const sizeBytes = size?.sizeBytes ?? 0;
  const accepted = await context.services
    .get('metadata')
    .uploadCompleted({ uid, revision, sizeBytes });
  if (!accepted) {
    await context.env.MEDIA.delete(sourceKey(uid));
    return false;
  }
  await setUploadState(context.db, id, 'completed');
  return true;
}

/** Frees what an upload without a file holds: its parts in R2, its video, its place among the open uploads. */
export async function discardUpload(
  context: ServiceContext,
  upload: { readonly id: string; readonly uid: string; readonly multipartId?: string },
  reason: CloseReason,
): Promise<void> {
  const { id, uid, multipartId } = upload;
  if (multipartId !== undefined) await abortMultipart(context.env.MEDIA, uid, multipartId);
  await context.services.get('metadata').uploadExpired(uid);
  await setUploadState(context.db, id, reason);
}

async function abortMultipart(bucket: R2Bucket, uid: string, multipartId: string): Promise<void> {
  try {
    await bucket.resumeMultipartUpload(sourceKey(uid), multipartId).abort();
  } catch (error) {
    if (r2ErrorCode(error) !== NO_SUCH_UPLOAD) throw error;
  }
}
