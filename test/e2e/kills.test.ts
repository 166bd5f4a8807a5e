import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { describe, expect, test as baseTest } from 'vitest';

import { chooseEngine } from '../../containers/transcoder/choose-engine.ts';
import { checkPlayback } from '../../scripts/check-playback.ts';
import type { UploadTicket } from '../../scripts/client.ts';
import { clipFile } from '../fixtures/clips.ts';
import { auditState, orphansOf } from './audit.ts';
import { freePort } from '../../scripts/ports.ts';
import { RunningPlatform } from './running-platform.ts';

const READY_DEADLINE_MS = 240_000;
const LOOK_EVERY_MS = 100;

interface Job {
  readonly state: string;
  readonly tasks: readonly {
    readonly id: string;
    readonly kind: string;
    readonly state: string;
    readonly attempts: readonly { readonly outcome?: string }[];
  }[];
}

/** Each test has a platform of its own to kill; together they wait no longer than the slowest. */
const test = baseTest.extend<{ platform: RunningPlatform }>({
  // oxlint-disable-next-line no-empty-pattern -- vitest reads what a fixture needs from this pattern
  platform: async ({}, use) => {
    const folder = await mkdtemp(join(tmpdir(), 'streamgate-kill-'));
    const platform = new RunningPlatform(folder, await freePort());
    await platform.start();
    await use(platform);
    await platform.stop();
    await rm(folder, { recursive: true, force: true });
  },
});

async function longClip(): Promise<string> {
  return clipFile(await chooseEngine('auto'), 'long.mp4');
}

function jobOf(platform: RunningPlatform, jobId: string): Promise<Job> {
  return platform.client.json<Job>(`/api/v1/jobs/${jobId}`);
}

/** Waits until a video task runs; answers its id. */
async function untilEncoding(platform: RunningPlatform, jobId: string): Promise<string> {
  const deadline = Date.now() + READY_DEADLINE_MS;
  while (Date.now() < deadline) {
    const response = await platform.client.send(`/api/v1/jobs/${jobId}`);
    const job = response.ok ? ((await response.json()) as Job) : undefined;
    const running = job?.tasks.find(({ kind, state }) => kind === 'video' && state === 'running');
    if (running) return running.id;
    await sleep(LOOK_EVERY_MS);
  }
  throw new Error('no video task ever ran');
}

/** How many tasks the running encoder takes at once. */
async function encoderSlots(platform: RunningPlatform): Promise<{ slots: number }> {
  type Services = { services: { name: string; details?: { encoder: { slots: number } } }[] };
  const { services } = await platform.client.json<Services>('/api/v1/services');
  const encoder = services.find(({ name }) => name === 'transcoder')?.details?.encoder;
  if (encoder === undefined) throw new Error('the encoder does not say how many slots it has');
  return encoder;
}

async function expectWholeAndClean(platform: RunningPlatform, uid: string): Promise<void> {
  const video = await platform.client.untilSettled(uid, READY_DEADLINE_MS);
  expect(video.status).toMatchObject({ state: 'ready', errorReasonText: '' });
  const renditions = await checkPlayback(video.playback.hls, await chooseEngine('auto'));
  for (const { codecs, frames } of renditions)
    if (codecs.includes('avc1')) expect(frames).toBe(2100);
  await platform.stop();
  const audit = await auditState(platform.folder);
  expect(orphansOf(audit)).toEqual([]);
  expect(new Set(audit.mapped).size).toBe(audit.mapped.length);
  for (const key of audit.mapped) expect(audit.keys).toContain(key);
  expect(audit.rows['outbox']).toEqual([]);
}

describe.concurrent('kill -9', () => {
  test('of the encoder in mid-task repeats that task and no other', async ({ platform }) => {
    const { uid, jobId } = await platform.client.upload(await longClip());
    const victim = await untilEncoding(platform, jobId);
    const [pid] = await platform.processes('containers/transcoder/main.ts');
    process.kill(pid ?? 0, 'SIGKILL');
    await platform.client.untilSettled(uid, READY_DEADLINE_MS);
    const { tasks } = await jobOf(platform, jobId);
    const video = tasks.filter(({ kind }) => kind === 'video');
    expect(video.length).toBeGreaterThanOrEqual(4);
    const repeated = tasks.filter(({ attempts }) => attempts.length > 1);
    // The encoder runs as many tasks at once as it has slots; on up to seven cores that is the victim alone.
    const { slots } = await encoderSlots(platform);
    expect(repeated.map(({ id }) => id)).toContain(victim);
    expect(repeated.length).toBeLessThanOrEqual(slots);
    for (const { attempts } of repeated) {
      expect(attempts.map(({ outcome }) => outcome)).toEqual(['lost', 'accepted']);
    }
    for (const task of tasks) expect(task.attempts.at(-1)?.outcome).toBe('accepted');
    for (const task of tasks)
      expect(task.attempts.filter(({ outcome }) => outcome === 'accepted')).toHaveLength(1);
    await expectWholeAndClean(platform, uid);
  });

  test('of the whole platform in mid-job: the job goes on', async ({ platform }) => {
    const { uid, jobId } = await platform.client.upload(await longClip());
    await untilEncoding(platform, jobId);
    await platform.killAll();
    await platform.start();
    await expectWholeAndClean(platform, uid);
  });

  test('of the whole platform in mid-upload: the upload resumes', async ({ platform }) => {
    const file = await longClip();
    const { size } = await stat(file);
    const fields = { name: basename(file), sizeBytes: size, partSizeBytes: 5 * 1024 * 1024 };
    const ticket = await platform.client.postJson<UploadTicket>('/api/v1/uploads', fields);
    const begun = Promise.withResolvers<void>();
    const upload = platform.client
      .uploadParts(ticket, file, () => begun.resolve())
      .catch(() => undefined);
    await begun.promise;
    await platform.killAll();
    await upload;
    await platform.start();
    await platform.client.uploadParts(ticket, file);
    const { uid } = await platform.client.postJson<{ uid: string }>(
      `/api/v1/uploads/${ticket.id}/complete`,
      {},
    );
    expect(uid).toBe(ticket.uid);
    await expectWholeAndClean(platform, uid);
  });
});
