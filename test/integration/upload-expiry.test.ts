import { env } from 'cloudflare:workers';
import { describe, expect, test } from 'vitest';

import { aFile, begin, complete, post, putPart, show } from './upload-client.ts';
import type { Upload } from './upload-client.ts';

const STREAM = '/client/v4/accounts/default/stream';
const DAY_MS = 24 * 3600_000;

function inFuture(ms: number): string {
  return new Date(Date.now() + ms).toISOString();
}

async function edit(upload: Upload, uploadExpiry: string | null): Promise<Response> {
  return post(`${STREAM}/${upload.uid}`, { uploadExpiry });
}

async function rowExpiry(upload: Upload): Promise<number> {
  const row = await env.DB.prepare('SELECT expires_at AS at FROM uploads WHERE id = ?')
    .bind(upload.id)
    .first<{ at: number }>();
  return row?.at ?? 0;
}

describe('uploadExpiry', () => {
  test.each([3 * 60_000, 3 * DAY_MS])('moves the end of the upload itself: %i ms', async (ms) => {
    const upload = await begin(aFile(10));
    const expiresAt = inFuture(ms);
    const response = await edit(upload, expiresAt);
    expect(response.status).toBe(200);
    const { result } = await response.json<{ result: { uploadExpiry: string } }>();
    expect(Date.parse(result.uploadExpiry)).toBe(Date.parse(expiresAt));
    expect((await show(upload)).expiresAt).toBe(expiresAt);
    expect(await rowExpiry(upload)).toBe(Date.parse(expiresAt));
    expect((await putPart(upload, 1, aFile(10))).status).toBe(200);
    expect((await complete(upload)).status).toBe(200);
  });

  test.each([
    ['less than two minutes', () => inFuture(60_000)],
    ['more than seven days', () => inFuture(7 * DAY_MS + 60_000)],
    ['null', () => null],
  ])('refuses %s', async (_, uploadExpiry) => {
    const upload = await begin(aFile(10));
    const response = await edit(upload, uploadExpiry());
    expect(response.status).toBe(400);
    expect(await response.text()).toContain('/uploadExpiry');
    expect((await show(upload)).expiresAt).toBe(upload.expiresAt);
  });

  test('is refused when the upload is over', async () => {
    const upload = await begin(aFile(10));
    await putPart(upload, 1, aFile(10));
    await complete(upload);
    const response = await edit(upload, inFuture(DAY_MS));
    expect(response.status).toBe(400);
    expect(await response.text()).toContain('The upload of this video is over');
  });
});
