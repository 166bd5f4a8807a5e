import { env } from 'cloudflare:workers';

import { sourceKey } from '../../src/contracts/object-keys.ts';
import { ADMIN_TOKEN, call } from './accounts.ts';

export const MIB = 1024 * 1024;
export const PART_BYTES = 5 * MIB;

export interface Upload {
  readonly id: string;
  readonly uid: string;
  readonly state: string;
  readonly name: string;
  readonly sizeBytes: number;
  readonly partSizeBytes: number;
  readonly partCount: number;
  readonly receivedParts: readonly { readonly partNumber: number; readonly sizeBytes: number }[];
  readonly receivedBytes: number;
  readonly expiresAt: string;
}

export interface Problem {
  readonly code: string;
  readonly detail: string;
  readonly pointer?: string;
  readonly errors?: readonly { readonly pointer: string; readonly message: string }[];
}

/** A file of small size whose bytes tell parts apart. */
export function aFile(sizeBytes = PART_BYTES + 1000): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(sizeBytes);
  for (let at = 0; at < sizeBytes; at += 512) bytes[at] = (at / 512) % 251;
  return bytes;
}

export async function begin(
  file: Uint8Array,
  more: Readonly<Record<string, unknown>> = {},
  headers: Readonly<Record<string, string>> = {},
): Promise<Upload> {
  const response = await post('/api/v1/uploads', bodyOf(file, more), headers);
  if (response.status !== 201) throw new Error(`${response.status} ${await response.text()}`);
  return response.json<Upload>();
}

export function bodyOf(
  file: Uint8Array,
  more: Readonly<Record<string, unknown>> = {},
): Record<string, unknown> {
  return { name: 'clip.mp4', sizeBytes: file.length, partSizeBytes: PART_BYTES, ...more };
}

export async function post(
  path: string,
  body?: unknown,
  headers: Readonly<Record<string, string>> = {},
  token = ADMIN_TOKEN,
): Promise<Response> {
  const json = body === undefined ? {} : { body: JSON.stringify(body) };
  return call(
    path,
    { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, ...json },
    token,
  );
}

export async function putPart(
  upload: Upload,
  partNumber: number,
  bytes: Uint8Array<ArrayBuffer>,
  headers: Readonly<Record<string, string>> = {},
  token = ADMIN_TOKEN,
): Promise<Response> {
  return call(
    `/api/v1/uploads/${upload.id}/parts/${partNumber}`,
    { method: 'PUT', body: bytes, headers: { 'content-length': String(bytes.length), ...headers } },
    token,
  );
}

export function partOf(file: Uint8Array<ArrayBuffer>, partNumber: number): Uint8Array<ArrayBuffer> {
  return file.slice((partNumber - 1) * PART_BYTES, partNumber * PART_BYTES);
}

export async function sendAll(upload: Upload, file: Uint8Array<ArrayBuffer>): Promise<void> {
  for (let partNumber = 1; partNumber <= upload.partCount; partNumber += 1) {
    const response = await putPart(upload, partNumber, partOf(file, partNumber));
    if (response.status !== 200) throw new Error(`${response.status} ${await response.text()}`);
  }
}

export async function show(upload: Pick<Upload, 'id'>): Promise<Upload> {
  return (await call(`/api/v1/uploads/${upload.id}`)).json<Upload>();
}

export async function complete(upload: Upload): Promise<Response> {
  return post(`/api/v1/uploads/${upload.id}/complete`);
}

export function sessionOf(
  upload: Pick<Upload, 'id'>,
): ReturnType<Env['UPLOAD_SESSION']['getByName']> {
  return env.UPLOAD_SESSION.getByName(upload.id);
}

export async function sha256(bytes: Uint8Array<ArrayBuffer> | ArrayBuffer): Promise<string> {
  return Buffer.from(await crypto.subtle.digest('SHA-256', bytes)).toString('hex');
}

/** Hash of the source that is in R2; undefined when there is none. */
export async function storedHash(uid: string): Promise<string | undefined> {
  const object = await env.MEDIA.get(sourceKey(uid));
  return object === null ? undefined : sha256(await object.arrayBuffer());
}

export async function rowState(id: string): Promise<string | undefined> {
  const row = await env.DB.prepare('SELECT state FROM uploads WHERE id = ?')
    .bind(id)
    .first<{ state: string }>();
  return row?.state;
}

export async function videoState(uid: string): Promise<string | undefined> {
  const row = await env.DB.prepare('SELECT state FROM videos WHERE uid = ?')
    .bind(uid)
    .first<{ state: string }>();
  return row?.state;
}
