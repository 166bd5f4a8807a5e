import { AppError } from '../../src/contracts/errors.ts';
import { invalidRequest } from '../../src/http/routes.ts';
import { formFieldsSchema } from './upload-schemas.ts';
import { drainBody } from './drain-body.ts';
import { PartBuffer } from './part-buffer.ts';
import { FORM_PART_BYTES } from './plan-parts.ts';
import { readForm } from './read-form.ts';
import type { ReadForm } from './read-form.ts';
import type { FormVideo, UploadService } from './service.ts';
import type { UploadPlan } from './upload-state.ts';

const FILE_BYTES = 200_000_000;
/** What boundaries and fields may add to the file. */
const FORM_OVERHEAD_BYTES = 4 * 1024 * 1024;
const NAME_LENGTH = 512;

/**
 * Takes a whole video as one form; answers its uid. A form that fails leaves nothing; one whose file has arrived is
 * answered even while the storage is slow to join it, and becomes a video by itself.
 */
export async function receiveForm(
  service: UploadService,
  accountId: string,
  request: Request,
): Promise<string> {
  const body = checkForm(request);
  let plan: UploadPlan | undefined;
  let partNumber = 0;
  const buffer = new PartBuffer(FORM_PART_BYTES, async (bytes) => {
    plan ??= await service.beginForm(accountId);
    partNumber += 1;
    const part = { bytes, sizeBytes: bytes.length };
    await service.putPart(plan.id, { accountId, partNumber, body: part });
  });
  try {
    const form = await readForm(body, contentTypeOf(request), limited(buffer));
    const video = toVideo(form);
    await buffer.flush();
    if (plan === undefined) throw new Error('a form with a file has at least one part');
    return await service.finishForm(plan, form.sizeBytes, video);
  } catch (error) {
    if (plan !== undefined) await discard(service, plan);
    throw error;
  } finally {
    await drainBody(body);
  }
}

function checkForm(request: Request): ReadableStream<Uint8Array> {
  if (!/^multipart\/form-data\b/i.test(contentTypeOf(request)) || request.body === null) {
    throw new AppError(
      'request.invalid',
      'Send the video as multipart/form-data in a field "file" (up to 200 MB), or in parts through /api/v1/uploads.',
      { pointer: 'Content-Type' },
    );
  }
  const length = Number(request.headers.get('content-length') ?? 0);
  if (length > FILE_BYTES + FORM_OVERHEAD_BYTES) throw tooLarge();
  return request.body;
}

function contentTypeOf(request: Request): string {
  return request.headers.get('content-type') ?? '';
}

function limited(buffer: PartBuffer): (bytes: Uint8Array) => Promise<void> {
  let total = 0;
  return async (bytes) => {
    total += bytes.length;
    if (total > FILE_BYTES) throw tooLarge();
    await buffer.write(bytes);
  };
}

function toVideo(form: ReadForm): FormVideo {
  const fields = formFieldsSchema.safeParse(Object.fromEntries(form.fields));
  if (!fields.success) throw invalidRequest(fields.error.issues);
  const { name, creator, requireSignedURLs, profile } = fields.data;
  return {
    name: name ?? nameOf(form.filename ?? ''),
    ...(creator !== undefined && { creator }),
    ...(requireSignedURLs !== undefined && { requireSignedURLs }),
    ...(profile !== undefined && { profile }),
  };
}

/** A file name as a title. What a title may not hold is dropped: nobody chose it for us. */
function nameOf(filename: string): string {
  return filename
    .replace(/\p{Cc}/gu, '')
    .trim()
    .slice(0, NAME_LENGTH);
}

/** What cannot be discarded now ends by the session's own alarm. */
async function discard(service: UploadService, plan: UploadPlan): Promise<void> {
  await service.abort(plan.accountId, plan.id).catch(() => undefined);
}

function tooLarge(): AppError {
  return new AppError(
    'request.too_large',
    'A form takes files up to 200 MB. Send larger ones in parts through /api/v1/uploads.',
    { pointer: '/file' },
  );
}
