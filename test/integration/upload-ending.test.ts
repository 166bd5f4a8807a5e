import {
  abortAllDurableObjects,
  evictDurableObject,
  runDurableObjectAlarm,
  runInDurableObject,
} from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { afterEach, describe, expect, test, vi } from 'vitest';

import { sourceKey } from '../../src/contracts/object-keys.ts';
import { serviceContext } from '../../src/kernel/worker-host.ts';
import type { UploadState } from '../../workers/upload/upload-state.ts';
import { call } from './accounts.ts';
import {
  aFile,
  begin,
  complete,
  PART_BYTES,
  partOf,
  putPart,
  rowState,
  sendAll,
  sessionOf,
  sha256,
  show,
  storedHash,
  videoState,
} from './upload-client.ts';
import type { Problem, Upload } from './upload-client.ts';

const DAY_MS = 24 * 60 * 60 * 1000;

async function remove(upload: Upload): Promise<Response> {
  return call(`/api/v1/uploads/${upload.id}`, { method: 'DELETE' });
}

async function change(upload: Upload, edit: (state: UploadState) => UploadState): Promise<void> {
  await runInDurableObject(sessionOf(upload), (_, { storage }) => {
    const state = storage.kv.get<UploadState>('upload');
    if (state === undefined) throw new Error('no upload');
    storage.kv.put('upload', edit(state));
  });
}

async function expire(upload: Upload): Promise<void> {
  await change(upload, (state) => ({ ...state, expiresAt: Date.now() - 1 }));
  await env.DB.prepare('UPDATE uploads SET expires_at = ? WHERE id = ?')
    .bind(Date.now() - DAY_MS, upload.id)
    .run();
}

async function multipartId(upload: Upload): Promise<string> {
  return runInDurableObject(
    sessionOf(upload),
    (_, { storage }) => storage.kv.get<UploadState>('upload')?.multipartId ?? '',
  );
}

/** R2's answer to one more part: `open`, or its error number. */
async function multipartState(uid: string, id: string): Promise<string> {
  try {
    await env.MEDIA.resumeMultipartUpload(sourceKey(uid), id).uploadPart(9, 'x');
    return 'open';
  } catch (error) {
    return String(error).match(/\d{5}/)?.[0] ?? String(error);
  }
}

async function uploadedEvents(uid: string): Promise<number> {
  const row = await env.DB.prepare(
    "SELECT count(*) AS n FROM outbox WHERE instr(event_id, 'evt_video.uploaded:' || ?) = 1",
  )
    .bind(uid)
    .first<{ n: number }>();
  return row?.n ?? 0;
}

afterEach(() => {
  vi.restoreAllMocks();
});

describe('completion', () => {
  test('names the missing parts, then makes one video with one event', async () => {
    const file = aFile(2 * PART_BYTES + 5);
    const upload = await begin(file);
    await putPart(upload, 2, partOf(file, 2));
    const early = await complete(upload);
    expect(early.status).toBe(422);
    const problem = await early.json<Problem>();
    expect(problem.code).toBe('upload.incomplete');
    expect(problem.errors?.map(({ pointer }) => pointer)).toEqual(['/parts/1', '/parts/3']);
    await sendAll(upload, file);
    const done = await complete(upload);
    expect(done.status).toBe(200);
    const answer = await done.json<{ uid: string; jobId: string }>();
    expect(answer.uid).toBe(upload.uid);
    expect(answer.jobId).toMatch(/^job_[0-9a-z]{26}$/);
    expect(await videoState(upload.uid)).not.toBe('pendingupload');
    expect(await rowState(upload.id)).toBe('completed');
    expect(await storedHash(upload.uid)).toBe(await sha256(file));
  });

  test('two at once and later repeats get the same answer', async () => {
    const file = aFile();
    const upload = await begin(file);
    await sendAll(upload, file);
    const answers = await Promise.all([complete(upload), complete(upload), complete(upload)]);
    const bodies = await Promise.all(answers.map((answer) => answer.json()));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(bodies[1]).toEqual(bodies[0]);
    expect(bodies[2]).toEqual(bodies[0]);
    await evictDurableObject(sessionOf(upload));
    expect(await (await complete(upload)).json()).toEqual(bodies[0]);
    expect((await show(upload)).state).toBe('completed');
    const late = await putPart(upload, 1, partOf(file, 1));
    expect(late.status).toBe(200);
    expect(await storedHash(upload.uid)).toBe(await sha256(file));
  });

  test('survives the loss of the object after every step', async () => {
    const file = aFile();
    const upload = await begin(file);
    await abortAllDurableObjects();
    await putPart(upload, 1, partOf(file, 1));
    await evictDurableObject(sessionOf(upload));
    await putPart(upload, 2, partOf(file, 2));
    await abortAllDurableObjects();
    expect((await complete(upload)).status).toBe(200);
    expect(await storedHash(upload.uid)).toBe(await sha256(file));
  });

  test('the alarm finishes what a dead request left after R2 had joined the parts', async () => {
    const file = aFile();
    const upload = await begin(file);
    await sendAll(upload, file);
    const id = await multipartId(upload);
    const parts = await runInDurableObject(sessionOf(upload), (_, { storage }) =>
      storage.sql
        .exec<{ partNumber: number; etag: string }>(
          'SELECT part_number AS partNumber, etag FROM parts ORDER BY part_number',
        )
        .toArray(),
    );
    await env.MEDIA.resumeMultipartUpload(sourceKey(upload.uid), id).complete(parts);
    const revision = '0'.repeat(26);
    const phase = { kind: 'completing', revision, assembled: false } as const;
    await change(upload, (state) => ({ ...state, phase }));
    await evictDurableObject(sessionOf(upload));
    expect(await runDurableObjectAlarm(sessionOf(upload))).toBe(true);
    expect((await show(upload)).state).toBe('completed');
    expect(await videoState(upload.uid)).not.toBe('pendingupload');
    expect(await (await complete(upload)).json()).toEqual({
      uid: upload.uid,
      jobId: `job_${revision}`,
    });
  });

  test('a failure of metadata is 503, and the alarm goes on with the same run', async () => {
    const file = aFile();
    const upload = await begin(file);
    await sendAll(upload, file);
    const metadata = (await serviceContext()).services.get('metadata');
    const spy = vi.spyOn(metadata, 'uploadCompleted').mockRejectedValue(new Error('D1 is down'));
    const answer = await complete(upload);
    expect(answer.status).toBe(503);
    expect(answer.headers.get('retry-after')).toBe('2');
    expect(await runDurableObjectAlarm(sessionOf(upload))).toBe(true);
    expect((await show(upload)).state).toBe('completing');
    expect((await remove(upload)).status).toBe(422);
    const [first] = spy.mock.calls;
    spy.mockRestore();
    expect(await runDurableObjectAlarm(sessionOf(upload))).toBe(true);
    expect((await show(upload)).state).toBe('completed');
    const { jobId } = await (await complete(upload)).json<{ jobId: string }>();
    expect(jobId).toBe(`job_${first?.[0].revision}`);
  });

  test('parts in doubt are asked for again, never joined', async () => {
    const file = aFile();
    const upload = await begin(file);
    await sendAll(upload, file);
    const id = await multipartId(upload);
    await env.MEDIA.resumeMultipartUpload(sourceKey(upload.uid), id).uploadPart(
      2,
      new Uint8Array(1000),
    );
    await runInDurableObject(sessionOf(upload), (_, { storage }) => {
      storage.sql.exec('UPDATE parts SET doubtful = 1 WHERE part_number = 2');
    });
    const refused = await complete(upload);
    expect(refused.status).toBe(422);
    expect((await refused.json<Problem>()).errors).toHaveLength(1);
    await putPart(upload, 2, partOf(file, 2));
    expect((await complete(upload)).status).toBe(200);
    expect(await storedHash(upload.uid)).toBe(await sha256(file));
  });
});

describe('abort', () => {
  test('frees parts and video; repeats are 204, everything else says closed', async () => {
    const file = aFile();
    const upload = await begin(file);
    await putPart(upload, 1, partOf(file, 1));
    const id = await multipartId(upload);
    expect(await multipartState(upload.uid, id)).toBe('open');
    expect((await remove(upload)).status).toBe(204);
    expect((await remove(upload)).status).toBe(204);
    expect(await multipartState(upload.uid, id)).toBe('10024');
    expect(await videoState(upload.uid)).toBeUndefined();
    expect(await rowState(upload.id)).toBe('aborted');
    expect((await show(upload)).state).toBe('aborted');
    for (const late of [await complete(upload), await putPart(upload, 1, partOf(file, 1))]) {
      expect(late.status).toBe(422);
      expect((await late.json<Problem>()).code).toBe('upload.closed');
    }
  });

  test('a completed upload names the way out', async () => {
    const file = aFile(50);
    const upload = await begin(file);
    await sendAll(upload, file);
    await complete(upload);
    const response = await remove(upload);
    expect(response.status).toBe(422);
    expect((await response.json<Problem>()).detail).toContain('delete its video');
    expect(await storedHash(upload.uid)).toBe(await sha256(file));
  });

  test('a video deleted while it is uploaded takes its upload along', async () => {
    const upload = await begin(aFile());
    const id = await multipartId(upload);
    const { services } = await serviceContext();
    await services.get('upload').abortForVideo(upload.uid);
    await services.get('upload').abortForVideo(upload.uid);
    await services.get('upload').abortForVideo('0'.repeat(32));
    expect((await call(`/api/v1/uploads/${upload.id}`)).status).toBe(404);
    expect(await multipartState(upload.uid, id)).toBe('10024');
  });

  test('a video deleted before its completion leaves no source behind', async () => {
    const file = aFile();
    const upload = await begin(file);
    await sendAll(upload, file);
    const response = await call(`/client/v4/accounts/default/stream/${upload.uid}`, {
      method: 'DELETE',
    });
    expect(response.status).toBe(200);
    const late = await complete(upload);
    expect([404, 422]).toContain(late.status);
    expect(await env.MEDIA.head(sourceKey(upload.uid))).toBeNull();
    expect(await uploadedEvents(upload.uid)).toBe(0);
  });
});

describe('expiry', () => {
  test('the alarm frees parts and video; every later call is 410', async () => {
    const file = aFile();
    const upload = await begin(file);
    await putPart(upload, 1, partOf(file, 1));
    const id = await multipartId(upload);
    await expire(upload);
    expect((await complete(upload)).status).toBe(410);
    expect(await videoState(upload.uid)).toBe('pendingupload');
    expect(await runDurableObjectAlarm(sessionOf(upload))).toBe(true);
    expect(await multipartState(upload.uid, id)).toBe('10024');
    expect(await videoState(upload.uid)).toBeUndefined();
    expect(await rowState(upload.id)).toBe('expired');
    expect((await show(upload)).state).toBe('expired');
    expect((await putPart(upload, 1, partOf(file, 1))).status).toBe(410);
    expect((await complete(upload)).status).toBe(410);
    expect((await remove(upload)).status).toBe(204);
  });

  test('an alarm that fails is always armed again', async () => {
    const upload = await begin(aFile());
    await expire(upload);
    const metadata = (await serviceContext()).services.get('metadata');
    const spy = vi.spyOn(metadata, 'uploadExpired').mockRejectedValue(new Error('D1 is down'));
    for (let n = 0; n < 8; n += 1) {
      expect(await runDurableObjectAlarm(sessionOf(upload))).toBe(true);
    }
    spy.mockRestore();
    expect(await runDurableObjectAlarm(sessionOf(upload))).toBe(true);
    expect(await rowState(upload.id)).toBe('expired');
  });

  test('the background job ends what no alarm has ended, and rows whose session was never made', async () => {
    const upload = await begin(aFile());
    await expire(upload);
    await runInDurableObject(sessionOf(upload), (_, { storage }) => storage.deleteAlarm());
    const fresh = await begin(aFile(20));
    await env.DB.prepare(
      "INSERT INTO uploads VALUES ('upl_00000000000000000000000001', ?, 'default', 'open', 0, 1)",
    )
      .bind('1'.repeat(32))
      .run();
    const { contributions } = await serviceContext();
    const job = contributions.jobs.find(({ name }) => name === 'upload.expire');
    expect(await job?.run(Date.now())).toBe(false);
    expect(await rowState(upload.id)).toBe('expired');
    expect(await rowState('upl_00000000000000000000000001')).toBe('expired');
    expect(await rowState(fresh.id)).toBe('open');
  });

  test('a day after the end the object is empty, and the row still answers', async () => {
    const file = aFile(60);
    const upload = await begin(file);
    await sendAll(upload, file);
    const answer = await (await complete(upload)).json();
    const phase = { kind: 'completed', revision: '1', at: Date.now() - DAY_MS } as const;
    await change(upload, (state) => ({ ...state, phase }));
    await runDurableObjectAlarm(sessionOf(upload));
    await runInDurableObject(sessionOf(upload), async (_, { storage }) => {
      expect(storage.kv.get('upload')).toBeUndefined();
      expect(await storage.getAlarm()).toBeNull();
    });
    expect(await show(upload)).toMatchObject({ state: 'completed', receivedBytes: 60 });
    expect(await (await complete(upload)).json()).toEqual(answer);
    expect((await remove(upload)).status).toBe(422);
  });
});
