import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, expect, test } from 'vitest';

import { chooseEngine } from '../../containers/transcoder/choose-engine.ts';
import { checkPlayback } from '../../scripts/check-playback.ts';
import { clipFile } from '../fixtures/clips.ts';
import { freePort } from '../../scripts/ports.ts';
import { RunningPlatform } from './running-platform.ts';

let folder = '';
let platform: RunningPlatform | undefined;

afterAll(async () => {
  await platform?.stop();
  await rm(folder, { recursive: true, force: true });
});

test('without upload and transcoder existing videos still play and the rest names the missing service', async () => {
  folder = await mkdtemp(join(tmpdir(), 'streamgate-plugins-'));
  platform = new RunningPlatform(folder, await freePort());
  await platform.start();
  const { uid } = await platform.client.upload(
    await clipFile(await chooseEngine('auto'), 'one-second.mp4'),
  );
  const { playback } = await platform.client.untilSettled(uid, 120_000);
  await platform.stop();

  await platform.start({ APP_PLUGINS: 'gateway,auth,metadata,streaming,cache,worker,monitor' });
  await checkPlayback(playback.hls, await chooseEngine('auto'));
  for (const [path, service] of [
    ['/api/v1/uploads', 'upload'],
    ['/api/v1/jobs', 'transcoder'],
  ]) {
    const response = await platform.client.send(path ?? '');
    expect(response.status).toBe(503);
    expect(((await response.json()) as { detail: string }).detail).toContain(
      `The ${service} service is not running`,
    );
  }
  const { services } = await platform.client.json<{ services: { name: string; status: string }[] }>(
    '/api/v1/services',
  );
  expect(services.filter(({ status }) => status === 'absent').map(({ name }) => name)).toEqual([
    'upload',
    'transcoder',
  ]);
  const stream = '/client/v4/accounts/default/stream';
  await platform.client.request(`${stream}/${uid}`, { method: 'DELETE' });
  await expect
    .poll(() => platform?.client.json('/api/v1/status'), { timeout: 20_000 })
    .toMatchObject({ outbox: { waiting: 0, dead: 0 } });
});
