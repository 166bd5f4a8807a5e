import { env, exports } from 'cloudflare:workers';
import { expect, test } from 'vitest';

import { taskOutputKey } from '../../src/contracts/object-keys.ts';
import { signTaskToken } from '../../src/http/task-token.ts';
import { serviceContext } from '../../src/kernel/worker-host.ts';
import { taskRoutes } from '../../workers/transcoder/task-routes.ts';
import { seedJob } from './job-fixture.ts';
import { aQueuedVideo, metadata } from './metadata-fixture.ts';
import { aLeasedAudioJob, storeAudio } from './stored-audio.ts';

interface LatePut {
  readonly status: number;
  readonly key: string;
}

/** A PUT whose bytes are in the store, after which this happens before the route looks again. */
async function putLate(then: 'report' | 'cancel', damaged = false): Promise<LatePut> {
  const context = await serviceContext();
  const run = await aQueuedVideo();
  await (await metadata()).encodeStarted(run);
  const { state, lease } = aLeasedAudioJob(run, 2);
  const result = await storeAudio(run, lease, 2);
  const { taskId, epoch } = lease;
  const key = taskOutputKey({ ...run, taskId, epoch, part: 0 });
  const bytes = await (await env.MEDIA.get(key))?.arrayBuffer();
  const part = result.kind === 'media' ? result.parts[0] : undefined;
  if (bytes === undefined || part === undefined) throw new Error('nothing was stored');
  if (then === 'cancel') await env.MEDIA.delete(key);
  const job = await seedJob(state);
  const bucket = new Proxy(env.MEDIA, {
    get(target, name) {
      if (name !== 'put') return Reflect.get(target, name).bind(target);
      return async (...given: Parameters<R2Bucket['put']>) => {
        const stored = await target.put(...given);
        if (then === 'report') await job.report(taskId, epoch, result);
        else await job.cancel();
        return stored;
      };
    },
  });
  const sent = damaged ? new Uint8Array(bytes.byteLength).fill(1) : new Uint8Array(bytes);
  const secret = context.config.TASK_TOKEN_SECRET;
  const token = await signTaskToken(secret, { jobId: state.id, taskId, epoch }, Date.now());
  const headers = {
    authorization: `Bearer ${token}`,
    'content-length': String(part.sizeBytes),
    'x-content-sha256': await sha256(sent),
  };
  const response = await taskRoutes(context).request(
    '/_task/output/0',
    { method: 'PUT', headers, body: sent },
    { ...env, MEDIA: bucket },
  );
  return { status: response.status, key };
}

async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return Buffer.from(await crypto.subtle.digest('SHA-256', bytes)).toString('hex');
}

test('a repeated PUT of output that was accepted meanwhile deletes nothing', async () => {
  const { status, key } = await putLate('report');
  expect(status).toBe(204);
  expect(await env.MEDIA.head(key)).not.toBeNull();
});

test('a PUT of an attempt that ended meanwhile leaves no object', async () => {
  const { status, key } = await putLate('cancel');
  expect(status).not.toBe(204);
  expect(await env.MEDIA.head(key)).toBeNull();
});

test('a container’s door leads to the task routes, with a task’s token, and nowhere else', async () => {
  const knock = (path: string): Promise<Response> =>
    exports.TaskDoor.fetch(`http://streamgate.task${path}`);
  const source = await knock('/_task/source');
  expect(source.status).toBe(401);
  expect(source.headers.get('content-type')).toBe('application/problem+json');
  expect((await knock('/health/live')).status).toBe(404);
  expect((await knock('/api/v1/services')).status).toBe(404);
});

test('a late PUT of other bytes is refused and the accepted output stays as it was', async () => {
  const { status, key } = await putLate('report', true);
  expect(status).not.toBe(204);
  const stored = await (await env.MEDIA.get(key))?.bytes();
  expect(stored?.some((byte) => byte !== 1)).toBe(true);
});
