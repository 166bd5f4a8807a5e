import { Hono } from 'hono';
import type { Context } from 'hono';

import { AppError } from '../../src/contracts/errors.ts';
import { sourceKey, taskOutputKey } from '../../src/contracts/object-keys.ts';
import { MAX_OUTPUT_BYTES } from '../../src/contracts/task-protocol.ts';
import type { AppEnv } from '../../src/http/app-env.ts';
import { verifyTaskToken } from '../../src/http/task-token.ts';
import { decideRange, formatContentRange } from '../../src/media/byte-range.ts';
import type { ServiceContext } from '../../src/kernel/service-context.ts';
import type { TaskGrant } from '../../durable-objects/transcode-job.ts';

interface HeldTask extends TaskGrant {
  readonly jobId: string;
  readonly taskId: string;
  readonly epoch: number;
}

/**
 * The encoder's way to the store: read the source, write the output of the task and epoch that its token names.
 * Only there when an encoder is configured.
 */
export function taskRoutes(context: ServiceContext): Hono<AppEnv> {
  const routes = new Hono<AppEnv>();
  routes.get('/_task/source', async (c) => serveSource(c, await requireLease(c, context)));
  routes.put('/_task/output/:part{[0-9]{1,3}}', async (c) => {
    const task = await requireLease(c, context);
    await storeOutput(c, task);
    const job = context.env.TRANSCODE_JOB.getByName(task.jobId);
    if ((await job.fateOf(task.taskId, task.epoch)) === 'stale') {
      await c.env.MEDIA.delete(keyOf(c, task));
      throw staleLease();
    }
    return c.body(null, 204);
  });
  return routes;
}

async function serveSource(c: Context<AppEnv>, task: HeldTask): Promise<Response> {
  const key = sourceKey(task.uid);
  const head = await c.env.MEDIA.head(key);
  if (head === null) throw new AppError('video.not_found', 'The source is not in the store.');
  const range = decideRange(c.req.header('range'), head.size);
  if (range.kind === 'unsatisfiable')
    throw new AppError('playback.range', 'The range lies outside the source.');
  const part =
    range.kind === 'part'
      ? { offset: range.offset, length: range.length }
      : { offset: 0, length: head.size };
  const object = await c.env.MEDIA.get(key, { range: part });
  if (object === null) throw new AppError('video.not_found', 'The source is not in the store.');
  const headers = new Headers({
    'content-length': String(part.length),
    'accept-ranges': 'bytes',
    etag: object.httpEtag,
  });
  if (range.kind === 'whole') return new Response(object.body, { headers });
  headers.set('content-range', formatContentRange(part.offset, part.length, head.size));
  return new Response(object.body, { status: 206, headers });
}

/** An object is written once: a repeat of the same bytes changes nothing, other bytes are refused. */
async function storeOutput(c: Context<AppEnv>, task: HeldTask): Promise<void> {
  const length = Number(c.req.header('content-length'));
  const sha256 = c.req.header('x-content-sha256') ?? '';
  if (!Number.isSafeInteger(length) || length < 1)
    throw new AppError('request.length_required', 'Send Content-Length.');
  if (length > MAX_OUTPUT_BYTES)
    throw new AppError(
      'request.too_large',
      `An output object has at most ${MAX_OUTPUT_BYTES} bytes.`,
    );
  if (!/^[0-9a-f]{64}$/.test(sha256) || c.req.raw.body === null) {
    throw new AppError('request.invalid', 'Send the output with its SHA-256 as x-content-sha256.', {
      pointer: 'x-content-sha256',
    });
  }
  const key = keyOf(c, task);
  const onlyIf = { etagDoesNotMatch: '*' };
  if ((await c.env.MEDIA.put(key, c.req.raw.body, { sha256, onlyIf })) !== null) return;
  const stored = (await c.env.MEDIA.head(key))?.checksums.toJSON().sha256;
  if (stored === sha256) return;
  throw new AppError('task.stale', 'This attempt has stored other bytes here. Stop working on it.');
}

function keyOf(c: Context<AppEnv>, task: HeldTask): string {
  return taskOutputKey({ ...task, part: Number(c.req.param('part')) });
}

async function requireLease(c: Context<AppEnv>, context: ServiceContext): Promise<HeldTask> {
  const held = await findGrant(context, c);
  if (held === undefined) throw staleLease();
  return held;
}

async function findGrant(
  context: ServiceContext,
  c: Context<AppEnv>,
): Promise<HeldTask | undefined> {
  const token = /^Bearer (\S+)$/.exec(c.req.header('authorization') ?? '')?.[1] ?? '';
  const claims = await verifyTaskToken(context.config.TASK_TOKEN_SECRET, token, Date.now());
  const { jobId, taskId, epoch } = claims;
  const grant = await context.env.TRANSCODE_JOB.getByName(jobId).grant(taskId, epoch);
  return grant && { ...grant, jobId, taskId, epoch };
}

function staleLease(): AppError {
  return new AppError('task.stale', 'This attempt no longer holds its task. Stop working on it.');
}
