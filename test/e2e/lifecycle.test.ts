import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { chooseEngine } from '../../containers/transcoder/choose-engine.ts';
import { checkPlayback } from '../../scripts/check-playback.ts';
import { descendantsOf, listProcesses } from '../../scripts/processes.ts';
import { clipFile } from '../fixtures/clips.ts';
import { auditState } from './audit.ts';
import { freePort } from '../../scripts/ports.ts';
import { RunningPlatform } from './running-platform.ts';

const READY_DEADLINE_MS = 120_000;

let folder: string;
let platform: RunningPlatform;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'streamgate-life-'));
  platform = new RunningPlatform(folder, await freePort());
  await platform.start();
});

afterAll(async () => {
  await platform.stop();
  await rm(folder, { recursive: true, force: true });
});

interface Job {
  readonly id: string;
  readonly state: string;
}

async function aClip(name: string): Promise<string> {
  return clipFile(await chooseEngine('auto'), name);
}

/** Uploads the long clip and waits until ffmpeg works on it. */
async function untilEncoding(): Promise<{ uid: string; jobId: string }> {
  const ids = await platform.client.upload(await aClip('long.mp4'));
  await expect.poll(() => isEncoding(ids.jobId), { timeout: 60_000, interval: 100 }).toBe(true);
  return ids;
}

async function isEncoding(jobId: string): Promise<boolean> {
  const response = await platform.client.send(`/api/v1/jobs/${jobId}`);
  if (!response.ok) return false;
  const job = (await response.json()) as { tasks: { kind: string; state: string }[] };
  return job.tasks.some(({ kind, state }) => kind === 'video' && state === 'running');
}

describe('a job', () => {
  test('reports progress live and never backwards', async () => {
    const { uid, jobId } = await platform.client.upload(await aClip('h264.mp4'));
    await expect
      .poll(async () => (await platform.client.send(`/api/v1/jobs/${jobId}`)).status)
      .toBe(200);
    const response = await platform.client.request(`/api/v1/jobs/${jobId}/progress`);
    expect(response.headers.get('content-type')).toContain('text/event-stream');
    const text = await response.text();
    const jobs = [...text.matchAll(/^data: (.*)$/gm)].map(
      (match) => JSON.parse(match[1] ?? '') as Job & { pctComplete: number },
    );
    const percents = jobs.map(({ pctComplete }) => pctComplete);
    expect(percents).toEqual(percents.toSorted((a, b) => a - b));
    expect(jobs.at(-1)).toMatchObject({ state: 'ready', pctComplete: 100 });
    expect((await platform.client.video(uid)).status.pctComplete).toMatch(/^100/);
  });

  test('cancelled: its ffmpeg is gone two seconds later, and it can be submitted again', async () => {
    const { uid, jobId } = await untilEncoding();
    await platform.client.postJson(`/api/v1/jobs/${jobId}/cancel`, {});
    await sleep(2000);
    expect(await platform.processes('libx264')).toEqual([]);
    const cancelled = await platform.client.video(uid);
    expect(cancelled.status.state).toBe('error');
    expect(cancelled.status.errorReasonText).toContain('POST /api/v1/jobs');
    expect(
      (await platform.client.send(`/api/v1/jobs/${jobId}/cancel`, { method: 'POST' })).status,
    ).toBe(422);
    const again = await platform.client.postJson<Job>('/api/v1/jobs', { uid });
    expect(again.id).not.toBe(jobId);
    const video = await platform.client.untilSettled(uid, READY_DEADLINE_MS);
    expect(video.status.state).toBe('ready');
    const { jobs } = await platform.client.json<{ jobs: Job[] }>(`/api/v1/jobs?video=${uid}`);
    expect(jobs.map(({ state }) => state)).toEqual(['ready', 'cancelled']);
  });

  test('of a ready video run again replaces the old run, which plays until then', async () => {
    const { uid } = await platform.client.upload(await aClip('one-second.mp4'));
    const before = await platform.client.untilSettled(uid, READY_DEADLINE_MS);
    await platform.client.postJson<Job>('/api/v1/jobs', { uid });
    expect((await fetch(before.playback.hls)).status).toBe(200);
    const video = await platform.client.untilSettled(uid, READY_DEADLINE_MS);
    expect(video.status.state).toBe('ready');
    await checkPlayback(video.playback.hls, await chooseEngine('auto'));
  });
});

describe('readiness', () => {
  test('stopping the encoder turns /ready 503 within ten seconds, naming it', async () => {
    expect((await fetch(`${platform.url}/ready`)).status).toBe(200);
    const [pid] = await platform.processes('containers/transcoder/main.ts');
    process.kill(pid ?? 0, 'SIGTERM');
    await expect
      .poll(async () => (await fetch(`${platform.url}/ready`)).status, { timeout: 10_000 })
      .toBe(503);
    const { checks } = (await (await fetch(`${platform.url}/ready`)).json()) as {
      checks: { name: string; ok: boolean }[];
    };
    expect(checks.filter(({ ok }) => !ok).map(({ name }) => name)).toEqual(['transcoder']);
    await expect
      .poll(async () => (await fetch(`${platform.url}/ready`)).status, { timeout: 30_000 })
      .toBe(200);
  });
});

describe('delete', () => {
  test('in mid-job removes every object and row', async () => {
    const { uid } = await untilEncoding();
    const path = `/client/v4/accounts/default/stream/${uid}`;
    expect((await platform.client.send(path, { method: 'DELETE' })).status).toBe(200);
    expect((await platform.client.send(path)).status).toBe(404);
    expect((await fetch(`${platform.url}/${uid}/manifest/video.m3u8`)).status).toBe(404);
    await sleep(15_000);
    await platform.stop();
    const { keys, rows } = await auditState(folder);
    expect(keys.filter((key) => key.includes(uid))).toEqual([]);
    for (const [table, list] of Object.entries(rows)) {
      expect([table, list.filter((row) => JSON.stringify(row).includes(uid))]).toEqual([table, []]);
    }
  });
});

describe('stopping', () => {
  test('by SIGTERM leaves no process behind', async () => {
    await platform.start();
    const started = descendantsOf([platform.pid], await listProcesses()).map(({ pid }) => pid);
    expect(started.length).toBeGreaterThan(3);
    await platform.stop();
    // A defunct process has ended; this machine's init only has not taken note of it yet.
    const isLeft = ({ pid, command }: { pid: number; command: string }): boolean =>
      started.includes(pid) && !command.includes('<defunct>');
    const left = (await listProcesses()).filter(isLeft);
    expect(left).toEqual([]);
  });
});
