import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, test } from 'vitest';

import { chooseEngine } from '../../../containers/transcoder/choose-engine.ts';
import { objectFile, readManifest } from '../../../scripts/backup/manifest.ts';
import { checkPlayback } from '../../../scripts/check-playback.ts';
import { PROJECT, wranglerEnv } from '../../../scripts/local-state.ts';
import { freePort } from '../../../scripts/ports.ts';
import { clipFile } from '../../fixtures/clips.ts';
import { RunningPlatform } from '../running-platform.ts';

let root = '';
let platform: RunningPlatform | undefined;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'streamgate-backup-'));
});

afterAll(async () => {
  await platform?.stop();
  await rm(root, { recursive: true, force: true });
});

async function run(script: string, ...args: string[]): Promise<{ code: number; output: string }> {
  const child = spawn(process.execPath, [join(PROJECT, 'scripts', script), ...args], {
    env: wranglerEnv(),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number];
  return { code, output };
}

test('a backup restored into an empty state plays', { timeout: 900_000 }, async () => {
  const [before, after, backup] = ['before', 'after', 'backup'].map((name) => join(root, name));
  if (before === undefined || after === undefined || backup === undefined) throw new Error('paths');
  const engine = await chooseEngine('auto');
  platform = new RunningPlatform(before, await freePort());
  await platform.start();
  const { uid } = await platform.client.upload(await clipFile(engine, 'one-second.mp4'));
  await platform.client.untilSettled(uid, 240_000);
  await platform.client.editVideo(uid, { requireSignedURLs: true });

  // Two processes on one state folder would spoil it.
  const running = await run('backup.ts', backup, '--persist-to', before);
  expect(running.code).toBe(1);
  expect(running.output).toContain('the platform already runs');
  await platform.stop();

  const first = await run('backup.ts', backup, '--persist-to', before);
  expect(first.output).toMatch(/Objects {5}\d+, of them [1-9]/);
  expect(first.code).toBe(0);
  const again = await run('backup.ts', backup, '--persist-to', before);
  expect(again.output).toMatch(/Objects {5}\d+, of them 0 copied now/);
  expect((await stat(join(backup, 'secrets.env'))).mode & 0o077).toBe(0);

  const [source] = [...(await readManifest(backup)).keys()].filter((key) => key.endsWith('source'));
  const file = objectFile(backup, source ?? '');
  const bytes = await readFile(file);
  await writeFile(file, bytes.subarray(1));
  const damaged = await run('restore.ts', backup, '--persist-to', after);
  expect(damaged.code).toBe(1);
  expect(damaged.output).toContain('damaged');
  await writeFile(file, bytes);

  const restored = await run('restore.ts', backup, '--persist-to', after);
  expect(restored.output).toContain('1 videos');
  expect(restored.code).toBe(0);
  const refused = await run('restore.ts', backup, '--persist-to', after);
  expect(refused.code).toBe(1);
  expect(refused.output).toContain('--force');
  const forced = await run('restore.ts', backup, '--persist-to', after, '--force');
  // What came by parts got another etag from the restore and is stored once more.
  expect(forced.output).toMatch(/Objects {5}\d+, of them 1 copied now/);
  expect(forced.code).toBe(0);

  // The key that signs this token came out of the backup, sealed with the secret that came with it.
  platform = new RunningPlatform(after, await freePort());
  await platform.start();
  const video = await platform.client.video(uid);
  expect(video.readyToStream).toBe(true);
  const token = await platform.client.playbackToken(uid);
  expect((await fetch(video.playback.hls)).status).toBe(401);
  await checkPlayback(video.playback.hls.replace(uid, token), engine);
});
