import { evictDurableObject, runInDurableObject } from 'cloudflare:test';
import { describe, expect, test } from 'vitest';

import { call, seedToken } from './accounts.ts';
import {
  aFile,
  begin,
  bodyOf,
  complete,
  MIB,
  PART_BYTES,
  partOf,
  post,
  putPart,
  sendAll,
  sessionOf,
  sha256,
  show,
  storedHash,
  videoState,
} from './upload-client.ts';
import type { Problem, Upload } from './upload-client.ts';

describe('POST /api/v1/uploads', () => {
  test('fixes the parts and makes the video row', async () => {
    const upload = await begin(aFile(2 * PART_BYTES + 1));
    expect(upload).toMatchObject({ partSizeBytes: PART_BYTES, partCount: 3, state: 'open' });
    expect(Date.parse(upload.expiresAt)).toBeGreaterThan(Date.now() + 86_000_000);
    expect(await videoState(upload.uid)).toBe('pendingupload');
  });

  test('chooses 8 MiB parts unless the file is huge', async () => {
    const small = await post('/api/v1/uploads', { name: 'a', sizeBytes: 10 });
    expect(await small.json<Upload>()).toMatchObject({ partSizeBytes: 8 * MIB, partCount: 1 });
  });

  test.each([
    [{ sizeBytes: 0 }, 400, 'request.invalid', 'empty file'],
    [{ sizeBytes: 30_000_000_001 }, 413, 'request.too_large', '30000000000'],
    [{ partSizeBytes: PART_BYTES + 1 }, 400, 'request.invalid', '1 MiB'],
    [{ partSizeBytes: 101 * MIB }, 400, 'request.invalid', 'partSizeBytes'],
    [{ sizeBytes: undefined }, 400, 'request.invalid', 'sizeBytes'],
    [{ name: 'x'.repeat(513) }, 400, 'request.invalid', 'name'],
    [{ surprise: 1 }, 400, 'request.invalid', 'surprise'],
  ])('refuses %j', async (more, status, code, word) => {
    const response = await post('/api/v1/uploads', bodyOf(aFile(10), more));
    expect(response.status).toBe(status);
    const problem = await response.json<Problem>();
    expect(problem.code).toBe(code);
    expect(problem.detail).toContain(word);
  });

  test('one Idempotency-Key is one upload, per account', async () => {
    const file = aFile(10);
    const key = { 'idempotency-key': 'k-1' };
    const [first, again] = await Promise.all([begin(file, {}, key), begin(file, {}, key)]);
    expect(again.id).toBe(first.id);
    expect((await show(first)).uid).toBe(first.uid);
    await seedToken('other-account-token-00000000000000', ['uploads:write'], 'other');
    const other = await post(
      '/api/v1/uploads',
      bodyOf(file),
      key,
      'other-account-token-00000000000000',
    );
    expect((await other.json<Upload>()).id).not.toBe(first.id);
  });

  test('a repeat with an Idempotency-Key is one only when every field is the same', async () => {
    const file = aFile(10);
    const key = { 'idempotency-key': 'k-2' };
    const first = await begin(file, { meta: { a: 1, b: { c: 2, d: 3 } } }, key);
    const again = await begin(file, { meta: { b: { d: 3, c: 2 }, a: 1 } }, key);
    expect(again.id).toBe(first.id);
    const others = [
      bodyOf(aFile(11), { meta: { a: 1, b: { c: 2, d: 3 } } }),
      bodyOf(file, { meta: { a: 1, b: { c: 2, d: 4 } } }),
      bodyOf(file, { meta: { a: 1, b: { c: 2, d: 3 } }, requireSignedURLs: true }),
    ];
    for (const other of others) {
      const misuse = await post('/api/v1/uploads', other, key);
      expect(misuse.status).toBe(422);
      expect(await misuse.json<Problem>()).toMatchObject({
        code: 'upload.key_reused',
        pointer: 'Idempotency-Key',
      });
    }
  });

  test('two wishes at once with one key: the video is as the one that was taken wants it', async () => {
    const file = aFile(10);
    const key = { 'idempotency-key': 'k-3' };
    const wishes = [{}, { requireSignedURLs: true }];
    const answers = await Promise.all(
      wishes.map((wish) => post('/api/v1/uploads', bodyOf(file, wish), key)),
    );
    const taken = answers.findIndex(({ status }) => status === 201);
    expect(taken).toBeGreaterThanOrEqual(0);
    expect(answers[1 - taken]?.status).toBe(422);
    const { uid } = (await answers[taken]?.json<Upload>()) ?? { uid: '' };
    const { result } = await (
      await call(`/client/v4/accounts/default/stream/${uid}`)
    ).json<{ result: { requireSignedURLs: boolean } }>();
    expect(result.requireSignedURLs).toBe(taken === 1);
  });

  test('the key of a deleted video begins nothing, and leaves nothing', async () => {
    const file = aFile(10);
    const key = { 'idempotency-key': 'k-4' };
    const { uid } = await begin(file, {}, key);
    await call(`/client/v4/accounts/default/stream/${uid}`, { method: 'DELETE' });
    const listed = async (): Promise<unknown[]> =>
      (await (await call('/api/v1/uploads')).json<{ uploads: unknown[] }>()).uploads;
    await expect.poll(listed, { timeout: 10_000 }).toEqual([]);
    const again = await post('/api/v1/uploads', bodyOf(file), key);
    expect(again.status).toBe(422);
    expect((await again.json<Problem>()).code).toBe('upload.closed');
    expect(await listed()).toEqual([]);
  });

  test('needs the scope, and hides uploads from other accounts', async () => {
    const upload = await begin(aFile(10));
    await seedToken('read-only-token-0000000000000000000', ['videos:read']);
    await seedToken('foreign-token-000000000000000000000', ['uploads:write'], 'other');
    const part = aFile(10);
    expect((await post('/api/v1/uploads', bodyOf(part), {}, '')).status).toBe(401);
    expect(
      (await post('/api/v1/uploads', bodyOf(part), {}, 'read-only-token-0000000000000000000'))
        .status,
    ).toBe(403);
    const foreign = 'foreign-token-000000000000000000000';
    const answers = await Promise.all([
      call(`/api/v1/uploads/${upload.id}`, {}, foreign),
      putPart(upload, 1, part, {}, foreign),
      post(`/api/v1/uploads/${upload.id}/complete`, undefined, {}, foreign),
      call(`/api/v1/uploads/${upload.id}`, { method: 'DELETE' }, foreign),
      call('/api/v1/uploads/nonsense'),
      call('/api/v1/uploads/upl_00000000000000000000000000'),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([404, 404, 404, 404, 404, 404]);
    expect((await answers[0].json<Problem>()).code).toBe('upload.not_found');
    expect((await show(upload)).state).toBe('open');
  });
});

describe('PUT /api/v1/uploads/{id}/parts/{n}', () => {
  test('any order, in parallel, with repeats: the file is whole', async () => {
    const file = aFile(3 * PART_BYTES + 777);
    const upload = await begin(file);
    const answers = await Promise.all(
      [4, 2, 3, 1, 2, 4].map((n) => putPart(upload, n, partOf(file, n))),
    );
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 200]);
    expect(await show(upload)).toMatchObject({
      receivedBytes: file.length,
      receivedParts: [1, 2, 3, 4].map((partNumber) => ({ partNumber })),
    });
    expect((await complete(upload)).status).toBe(200);
    expect(await storedHash(upload.uid)).toBe(await sha256(file));
  });

  test('a recorded part is never rewritten', async () => {
    const file = aFile(100);
    const upload = await begin(file);
    const first = await (await putPart(upload, 1, file)).json();
    const again = await putPart(upload, 1, new Uint8Array(100).fill(9));
    expect(again.status).toBe(200);
    expect(await again.json()).toEqual(first);
    await complete(upload);
    expect(await storedHash(upload.uid)).toBe(await sha256(file));
  });

  test.each([
    [1, PART_BYTES - 1],
    [1, PART_BYTES + 1],
    [2, 999],
    [2, PART_BYTES],
    [0, 10],
    [3, 10],
  ])('refuses part %i of %i bytes and stays usable', async (partNumber, length) => {
    const file = aFile();
    const upload = await begin(file);
    const response = await putPart(upload, partNumber, new Uint8Array(length));
    expect(response.status).toBe(422);
    const problem = await response.json<Problem>();
    expect(problem.code).toBe('upload.invalid_part');
    if (partNumber === 1) expect(problem.detail).toContain(String(PART_BYTES));
    expect((await show(upload)).receivedParts).toEqual([]);
    await sendAll(upload, file);
    expect((await complete(upload)).status).toBe(200);
  });

  test('demands a length', async () => {
    const upload = await begin(aFile(10));
    const response = await call(`/api/v1/uploads/${upload.id}/parts/1`, {
      method: 'PUT',
      body: new ReadableStream({
        type: 'bytes',
        start(controller) {
          controller.enqueue(new TextEncoder().encode('0123456789'));
          controller.close();
        },
      }),
    });
    expect(response.status).toBe(411);
  });

  test('checks the checksum; a wrong one leaves the part open', async () => {
    const file = aFile();
    const upload = await begin(file);
    const [first, last] = [partOf(file, 1), partOf(file, 2)];
    const wrong = await putPart(upload, 1, first, { 'x-content-sha256': await sha256(last) });
    expect(wrong.status).toBe(422);
    expect((await wrong.json<Problem>()).code).toBe('upload.checksum_mismatch');
    const malformed = await putPart(upload, 1, first, { 'x-content-sha256': 'abc' });
    expect((await malformed.json<Problem>()).code).toBe('request.invalid');
    expect((await show(upload)).receivedParts).toEqual([]);
    const upper = (await sha256(first)).toUpperCase();
    expect((await putPart(upload, 1, first, { 'x-content-sha256': upper })).status).toBe(200);
    const right = { 'x-content-sha256': await sha256(last) };
    expect((await putPart(upload, 2, last, right)).status).toBe(200);
    await complete(upload);
    expect(await storedHash(upload.uid)).toBe(await sha256(file));
  });

  test('waits for another writer of the same part and takes over when it gives up', async () => {
    const file = aFile(100);
    const upload = await begin(file);
    const wish = { partNumber: 1, sizeBytes: 100, claimId: 'somebody' };
    expect(await sessionOf(upload).claim('default', wish)).toMatchObject({ kind: 'claimed' });
    const waiting = putPart(upload, 1, file);
    await scheduler.wait(700);
    expect((await show(upload)).receivedParts).toEqual([]);
    await sessionOf(upload).release(1, 'somebody');
    expect((await waiting).status).toBe(200);
  });

  test(
    'answers 409 with Retry-After while the other writer goes on',
    { timeout: 40_000 },
    async () => {
      const file = aFile(100);
      const upload = await begin(file);
      await sessionOf(upload).claim('default', { partNumber: 1, sizeBytes: 100, claimId: 'slow' });
      const renewing = setInterval(() => void sessionOf(upload).renew(1, 'slow'), 2000);
      const response = await putPart(upload, 1, file);
      clearInterval(renewing);
      expect(response.status).toBe(409);
      expect(response.headers.get('retry-after')).toBe('5');
    },
  );

  test('a client that has fallen silent in mid-part gives way to the one that goes on', async () => {
    const file = aFile(PART_BYTES);
    const upload = await begin(file);
    const silent = new ReadableStream({
      type: 'bytes',
      start: (controller) => controller.enqueue(new Uint8Array(64 * 1024)),
    });
    const headers = { 'content-length': String(file.length) };
    const init = { method: 'PUT', body: silent, headers };
    const first = call(`/api/v1/uploads/${upload.id}/parts/1`, init);
    const age = (): Promise<number> =>
      runInDurableObject(sessionOf(upload), (_, { storage }) => {
        const change = 'UPDATE parts SET claimed_at = claimed_at - 3600000';
        return storage.sql.exec(change).rowsWritten;
      });
    await expect.poll(age).toBe(1);
    expect((await putPart(upload, 1, file)).status).toBe(200);
    expect((await complete(upload)).status).toBe(200);
    expect(await storedHash(upload.uid)).toBe(await sha256(file));
    expect((await first).status).toBe(409);
  });

  test('a claim of an earlier version, without a time, is renewed and given up as ever', async () => {
    const file = aFile(100);
    const upload = await begin(file);
    await runInDurableObject(sessionOf(upload), (_, { storage }) => {
      storage.sql.exec('ALTER TABLE parts DROP COLUMN claimed_at');
    });
    await evictDurableObject(sessionOf(upload));
    const wish = { partNumber: 1, sizeBytes: 100, claimId: 'old' };
    expect(await sessionOf(upload).claim('default', wish)).toMatchObject({ kind: 'claimed' });
    expect(await sessionOf(upload).renew(1, 'old')).toBeGreaterThan(Date.now());
    await sessionOf(upload).release(1, 'old');
    expect((await putPart(upload, 1, file)).status).toBe(200);
  });

  test('a body that breaks off records nothing and frees the part', async () => {
    const file = aFile(PART_BYTES);
    const upload = await begin(file);
    let pulls = 0;
    const broken = new ReadableStream({
      type: 'bytes',
      pull(controller) {
        pulls += 1;
        if (pulls > 10) controller.error(new Error('connection reset'));
        else controller.enqueue(new Uint8Array(64 * 1024));
      },
    });
    const response = await call(`/api/v1/uploads/${upload.id}/parts/1`, {
      method: 'PUT',
      body: broken,
      headers: { 'content-length': String(file.length) },
    });
    expect(response.status).toBe(503);
    expect((await show(upload)).receivedParts).toEqual([]);
    const started = Date.now();
    expect((await putPart(upload, 1, file)).status).toBe(200);
    expect(Date.now() - started).toBeLessThan(5000);
  });
});

describe('GET /api/v1/uploads', () => {
  test('lists the account’s uploads in pages, newest first', async () => {
    const made: string[] = [];
    for (let n = 0; n < 3; n += 1) {
      made.unshift((await begin(aFile(10))).id);
      await scheduler.wait(2);
    }
    const page = async (query: string): Promise<string[]> => {
      const { uploads } = await (
        await call(`/api/v1/uploads?${query}`)
      ).json<{ uploads: { id: string }[] }>();
      return uploads.map(({ id }) => id);
    };
    expect(await page('limit=2')).toEqual(made.slice(0, 2));
    expect(await page(`limit=2&before=${made[1]}`)).toEqual(made.slice(2));
  });
});
