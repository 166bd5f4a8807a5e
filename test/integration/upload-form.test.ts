import { runDurableObjectAlarm } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { afterEach, describe, expect, test, vi } from 'vitest';

import { serviceContext } from '../../src/kernel/worker-host.ts';
import { ADMIN_TOKEN, call, seedToken } from './accounts.ts';
import {
  aFile,
  MIB,
  rowState,
  sessionOf,
  sha256,
  storedHash,
  videoState,
} from './upload-client.ts';

const PATH = '/client/v4/accounts/default/stream';

interface Envelope {
  readonly success: boolean;
  readonly errors: readonly {
    readonly code: number;
    readonly message: string;
    readonly source?: { readonly pointer: string };
  }[];
  readonly result: {
    readonly uid: string;
    readonly meta: { readonly name: string };
    readonly requireSignedURLs: boolean;
    readonly status: { readonly state: string };
  };
}

async function send(body: BodyInit, contentType?: string, token = ADMIN_TOKEN): Promise<Response> {
  const headers = contentType === undefined ? {} : { 'content-type': contentType };
  return call(PATH, { method: 'POST', body, headers }, token);
}

function aForm(...fields: (readonly [string, string | File])[]): FormData {
  const form = new FormData();
  for (const [name, value] of fields) form.append(name, value);
  return form;
}

function videoFile(bytes: Uint8Array<ArrayBuffer>): File {
  return new File([bytes], 'holiday.mov', { type: 'video/quicktime' });
}

async function nothingIsLeft(): Promise<void> {
  const videos = await env.DB.prepare('SELECT count(*) AS n FROM videos').first<{ n: number }>();
  const open = await env.DB.prepare(
    "SELECT count(*) AS n FROM uploads WHERE state = 'open'",
  ).first<{
    n: number;
  }>();
  const objects = await env.MEDIA.list({ prefix: 'videos/' });
  expect({ videos: videos?.n, open: open?.n, objects: objects.objects.length }).toEqual({
    videos: 0,
    open: 0,
    objects: 0,
  });
}

afterEach(() => {
  vi.restoreAllMocks();
});

describe('POST /client/v4/accounts/{account_id}/stream', () => {
  test.each([10, 5 * MIB, 5 * MIB + 1, 19 * MIB + 333])(
    'takes a file of %i bytes',
    async (size) => {
      const bytes = aFile(size);
      const response = await send(aForm(['file', videoFile(bytes)]));
      expect(response.status).toBe(200);
      const { success, result } = await response.json<Envelope>();
      expect(success).toBe(true);
      expect(result.meta.name).toBe('holiday.mov');
      expect(result.status.state).not.toBe('pendingupload');
      expect(await storedHash(result.uid)).toBe(await sha256(bytes));
      const row = await env.DB.prepare('SELECT id FROM uploads').first<{ id: string }>();
      expect(await rowState(row?.id ?? '')).toBe('completed');
    },
  );

  test('fields before and after the file count', async () => {
    const bytes = aFile(9 * MIB);
    const file = ['file', videoFile(bytes)] as const;
    const first = await send(aForm(['name', ' Before '], ['requireSignedURLs', 'true'], file));
    expect((await first.json<Envelope>()).result).toMatchObject({
      meta: { name: 'Before' },
      requireSignedURLs: true,
    });
    const second = await send(aForm(file, ['name', 'After'], ['colour', 'blue']));
    expect((await second.json<Envelope>()).result.meta.name).toBe('After');
  });

  test('a boundary that looks like media, and media that look like a boundary', async () => {
    const boundary = 'AaB03x';
    const text = 'moov\r\n--AaB03\r\n\r\n-\r\n--AaB03 x\r\n--';
    const body = `--${boundary}\r\ncontent-disposition: form-data; name="file"\r\n\r\n${text}\r\n--${boundary}--\r\n`;
    const response = await send(body, `multipart/form-data; boundary="${boundary}"`);
    const { result } = await response.json<Envelope>();
    expect(await storedHash(result.uid)).toBe(
      await sha256(Uint8Array.from(new TextEncoder().encode(text))),
    );
  });

  test('a file that has arrived is answered and becomes one video, though its end fails at first', async () => {
    const metadata = (await serviceContext()).services.get('metadata');
    const spy = vi.spyOn(metadata, 'uploadCompleted').mockRejectedValue(new Error('D1 is down'));
    const bytes = aFile(9 * MIB);
    const response = await send(aForm(['file', videoFile(bytes)]));
    expect(response.status).toBe(200);
    const { result } = await response.json<Envelope>();
    expect(result.status.state).toBe('pendingupload');
    spy.mockRestore();
    const row = await env.DB.prepare('SELECT id FROM uploads').first<{ id: string }>();
    expect(await runDurableObjectAlarm(sessionOf({ id: row?.id ?? '' }))).toBe(true);
    expect(await videoState(result.uid)).not.toBe('pendingupload');
    expect(await storedHash(result.uid)).toBe(await sha256(bytes));
  });

  test('a form that fails before its end begins leaves nothing', async () => {
    const metadata = (await serviceContext()).services.get('metadata');
    const spy = vi.spyOn(metadata, 'createVideo').mockRejectedValue(new Error('D1 is down'));
    const response = await send(aForm(['file', videoFile(aFile(9 * MIB))]));
    expect(response.status).toBe(500);
    spy.mockRestore();
    await nothingIsLeft();
  });

  const twoFiles = (): FormData =>
    aForm(['file', videoFile(aFile(9 * MIB))], ['file', videoFile(aFile(10))]);
  const cutShort = (bytes: number): string =>
    `--b\r\ncontent-disposition: form-data; name="file"; filename="a.mp4"\r\n\r\n${'x'.repeat(bytes)}`;
  test.each<[string, () => BodyInit, string | undefined, string]>([
    ['no field file', () => aForm(['name', 'x']), undefined, 'no field "file"'],
    ['a file in another field', () => aForm(['video', videoFile(aFile(9))]), undefined, '"video"'],
    ['two files', twoFiles, undefined, 'two files'],
    ['an empty file', () => aForm(['file', videoFile(aFile(0))]), undefined, 'empty'],
    [
      'a bad field',
      () => aForm(['requireSignedURLs', 'maybe'], ['file', videoFile(aFile(9 * MIB))]),
      undefined,
      'requireSignedURLs',
    ],
    [
      'a form that breaks off',
      () => cutShort(9 * MIB),
      'multipart/form-data; boundary=b',
      'closing boundary',
    ],
    ['a form that never begins', () => 'hello', 'multipart/form-data; boundary=b', 'form'],
    [
      'bad part headers',
      () => '--b\r\nnonsense\r\n\r\nx\r\n--b--\r\n',
      'multipart/form-data; boundary=b',
      'headers',
    ],
    [
      'a broken file name',
      () =>
        '--b\r\ncontent-disposition: form-data; name="file"; filename*=UTF-8\'\'%E0%A4%A\r\n\r\nx\r\n--b--\r\n',
      'multipart/form-data; boundary=b',
      'headers',
    ],
    ['no boundary', () => 'x', 'multipart/form-data', 'boundary'],
    ['JSON', () => '{}', 'application/json', 'multipart/form-data'],
  ])('refuses %s and leaves nothing', async (_, body, contentType, words) => {
    const response = await send(body(), contentType);
    expect(response.status).toBe(400);
    const { success, errors } = await response.json<Envelope>();
    expect(success).toBe(false);
    const [error] = errors;
    expect(`${error?.message} ${error?.source?.pointer}`).toContain(words);
    expect(error?.source?.pointer).toBeTruthy();
    await nothingIsLeft();
  });

  test('refuses more than 200 MB at once by its length', async () => {
    const response = await call(PATH, {
      method: 'POST',
      body: 'x',
      headers: { 'content-type': 'multipart/form-data; boundary=b', 'content-length': '300000000' },
    });
    expect(response.status).toBe(413);
    expect((await response.json<Envelope>()).errors[0]?.code).toBe(10011);
  });

  test('needs the scope and the account', async () => {
    const form = aForm(['file', videoFile(aFile(5))]);
    await seedToken('viewer-token-0000000000000000000000', ['videos:read']);
    await seedToken('stranger-token-00000000000000000000', ['uploads:write'], 'other');
    expect((await send(form, undefined, '')).status).toBe(401);
    expect((await send(form, undefined, 'viewer-token-0000000000000000000000')).status).toBe(403);
    expect((await send(form, undefined, 'stranger-token-00000000000000000000')).status).toBe(403);
  });
});
