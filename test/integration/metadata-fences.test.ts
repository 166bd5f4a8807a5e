import { env } from 'cloudflare:workers';
import { drizzle } from 'drizzle-orm/d1';
import { afterEach, describe, expect, test, vi } from 'vitest';

import { createRevision } from '../../src/contracts/ids.ts';
import type { PlaybackRecord } from '../../src/contracts/media.ts';
import { playbackKey, revisionPrefix, sourceKey } from '../../src/contracts/object-keys.ts';
import { serviceContext } from '../../src/kernel/worker-host.ts';
import { publishPlayback } from '../../workers/metadata/playback-record.ts';
import { listStoredUids } from '../../workers/metadata/remove-objects.ts';
import { ACCOUNT, call } from './accounts.ts';
import {
  STREAM,
  aPendingVideo,
  aQueuedVideo,
  aReadyVideo,
  eventsOf,
  metadata,
} from './metadata-fixture.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

function stopClock(): void {
  vi.spyOn(Date, 'now').mockReturnValue(Date.now());
}

async function recordOf(uid: string): Promise<PlaybackRecord | undefined> {
  return (await env.MEDIA.get(playbackKey(uid)))?.json<PlaybackRecord>();
}

async function storedOf(prefix: string): Promise<number> {
  return (await env.MEDIA.list({ prefix })).objects.length;
}

describe('events', () => {
  test('a move that was fenced out announces nothing, also within the millisecond of another', async () => {
    stopClock();
    const service = await metadata();
    const run = await aReadyVideo();
    expect(await service.failed(run, 'ERR_UNKNOWN', 'late')).toBe(false);
    expect(await eventsOf(run.uid)).not.toContain('video.failed');
  });

  test('a repeat announces nothing, also after the event was handled', async () => {
    stopClock();
    const service = await metadata();
    const run = await aReadyVideo();
    await env.DB.prepare('DELETE FROM outbox').run();
    expect(await service.published({ ...run, durationSeconds: 12.5 })).toBe(true);
    expect(await service.uploadCompleted({ ...run, sizeBytes: 1000 })).toBe(true);
    expect(await eventsOf(run.uid)).toEqual([]);
  });

  test('ten reports of one success make one event for each subscriber', async () => {
    const service = await metadata();
    const run = await aQueuedVideo();
    await service.encodeStarted(run);
    const send = vi.spyOn((await serviceContext()).events, 'send').mockResolvedValue();
    const report = { ...run, durationSeconds: 3 };
    const answers = await Promise.all(Array.from({ length: 10 }, () => service.published(report)));
    expect(answers).toEqual(Array.from({ length: 10 }, () => true));
    expect(send).toHaveBeenCalledTimes(1);
    const ready = (await eventsOf(run.uid)).filter((type) => type === 'video.ready');
    expect(ready).toHaveLength(4);
  });
});

describe('restart', () => {
  test('a failed video counts as being processed again, and its failed run leaves nothing', async () => {
    const service = await metadata();
    const run = await aQueuedVideo();
    const output = `${revisionPrefix(run.uid, run.revision)}tasks/video-0.1.0`;
    await env.MEDIA.put(output, 'x');
    await env.MEDIA.put(sourceKey(run.uid), 'x');
    await service.failed(run, 'ERR_UNKNOWN', 'The encoder gave up.');
    const again = createRevision(Date.now() + 1);
    await service.restart(ACCOUNT, { uid: run.uid, revision: again });
    await service.restart(ACCOUNT, { uid: run.uid, revision: again });
    await expect.poll(async () => (await recordOf(run.uid))?.state).not.toBe('error');
    await expect.poll(() => env.MEDIA.head(output)).toBeNull();
    expect(await env.MEDIA.head(sourceKey(run.uid))).not.toBeNull();
  });

  test('a video whose source never arrived cannot be processed again', async () => {
    const uid = await aPendingVideo();
    const restart = (await metadata()).restart(ACCOUNT, {
      uid,
      revision: createRevision(Date.now()),
    });
    await expect(restart).rejects.toMatchObject({ code: 'video.busy' });
  });
});

describe('publishPlayback', () => {
  test('a video deleted while its record is being written has no record', async () => {
    const { uid } = await aReadyVideo();
    await env.MEDIA.delete(playbackKey(uid));
    const bucket = new Proxy(env.MEDIA, {
      get(target, name) {
        if (name !== 'put') return Reflect.get(target, name).bind(target);
        return async (...given: Parameters<R2Bucket['put']>) => {
          await call(`${STREAM}/${uid}`, { method: 'DELETE' });
          return target.put(...given);
        };
      },
    });
    await publishPlayback({ db: drizzle(env.DB), bucket }, uid);
    expect(await recordOf(uid)).toBeUndefined();
  });

  test('after edits at once the record is that of the row', async () => {
    const { uid } = await aReadyVideo();
    const edits = ['a.example', 'b.example', 'c.example', 'd.example'].map((host) =>
      call(`${STREAM}/${uid}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ allowedOrigins: [host] }),
      }),
    );
    for (const response of await Promise.all(edits)) expect(response.status).toBe(200);
    const video = await (await metadata()).findVideo(ACCOUNT, uid);
    expect((await recordOf(uid))?.allowedOrigins).toEqual(video?.allowedOrigins);
  });
});

describe('list', () => {
  test('paging by the time of the last one loses none that were made in the same millisecond', async () => {
    stopClock();
    const made = await Promise.all(Array.from({ length: 5 }, () => aPendingVideo()));
    const seen: string[] = [];
    for (let before = ''; ;) {
      const response = await call(`${STREAM}?limit=2${before}`);
      const { result } = await response.json<{ result: { uid: string; created: string }[] }>();
      const last = result.at(-1);
      if (last === undefined) break;
      seen.push(...result.map(({ uid }) => uid));
      before = `&before=${encodeURIComponent(last.created)}`;
    }
    expect(seen.toSorted()).toEqual(made.toSorted());
  });

  test.each(['Übung', 'übung', 'ÜBUNG', 'übung macht', 'Ubung', "'; DROP"])(
    'search "%s" looks into names of any alphabet',
    async (search) => {
      const one = await aPendingVideo({ name: 'Übung Macht.mp4' });
      const response = await call(`${STREAM}?search=${encodeURIComponent(search)}`);
      const { result } = await response.json<{ result: { uid: string }[] }>();
      const isThere = search.toLowerCase().startsWith('übung');
      expect(result.map(({ uid }) => uid)).toEqual(isThere ? [one] : []);
    },
  );

  test.each(['status=live-inprogress', 'status=downloading', 'live_input_id=x'])(
    '?%s finds nothing, and says so politely',
    async (query) => {
      await aReadyVideo();
      const response = await call(`${STREAM}?${query}`);
      expect([response.status, (await response.json<{ result: unknown }>()).result]).toEqual([
        200,
        [],
      ]);
    },
  );

  test('a transcoder that is silent holds no list up', async () => {
    const run = await aQueuedVideo();
    await (await metadata()).encodeStarted(run);
    const transcoder = (await serviceContext()).services.get('transcoder');
    vi.spyOn(transcoder, 'progress').mockReturnValue(new Promise(() => undefined));
    const response = await call(`${STREAM}/${run.uid}`);
    const { result } = await response.json<{ result: { status: unknown } }>();
    expect(result.status).toMatchObject({ state: 'inprogress', pctComplete: '0.000000' });
  });
});

describe('edit', () => {
  test.each([
    ['{"creator":', 'application/json', 400],
    ['{"creator":"x"}', 'text/plain', 400],
    [JSON.stringify({ meta: { text: 'x'.repeat(70_000) } }), 'application/json', 413],
    ['[]', 'application/json', 400],
  ])('a body that cannot be used is refused (%#)', async (body, type, status) => {
    const { uid } = await aReadyVideo();
    const response = await call(`${STREAM}/${uid}`, {
      method: 'POST',
      headers: { 'content-type': type },
      body,
    });
    expect([response.status, (await response.json<{ success: boolean }>()).success]).toEqual([
      status,
      false,
    ]);
  });
});

describe('listStoredUids', () => {
  test('goes on behind a page that the store cut short', async () => {
    const uids = ['a'.repeat(32), 'b'.repeat(32)];
    for (const uid of uids) await env.MEDIA.put(sourceKey(uid), 'x');
    const first = await listStoredUids(env.MEDIA, '', 1);
    expect(first).toEqual({ uids: [uids[0]], next: uids[0] });
    expect(await listStoredUids(env.MEDIA, first.next, 1)).toEqual({ uids: [uids[1]], next: '' });
  });
});

describe('background jobs', () => {
  async function runJob(name: string, now: number): Promise<void> {
    const { contributions } = await serviceContext();
    await contributions.jobs.find((job) => job.name === name)?.run(now);
  }

  test('objects that no row names go after the grace, never before; a video keeps its own', async () => {
    const orphan = 'c'.repeat(32);
    const { uid } = await aReadyVideo();
    await env.MEDIA.put(sourceKey(orphan), 'x');
    await env.MEDIA.put(sourceKey(uid), 'x');
    await runJob('metadata.orphans', Date.now());
    expect(await storedOf(`videos/${orphan}/`)).toBe(1);
    await runJob('metadata.orphans', Date.now() + 16 * 60_000);
    expect(await storedOf(`videos/${orphan}/`)).toBe(0);
    expect(await env.MEDIA.head(sourceKey(uid))).not.toBeNull();
  });

  test('a video goes when its scheduled deletion has come, not before', async () => {
    const { uid } = await aReadyVideo();
    await call(`${STREAM}/${uid}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ scheduledDeletion: '2999-01-01T00:00:00Z' }),
    });
    await runJob('metadata.delete-due', Date.now());
    expect((await call(`${STREAM}/${uid}`)).status).toBe(200);
    await runJob('metadata.delete-due', Date.parse('2999-01-01T00:00:01Z'));
    expect((await call(`${STREAM}/${uid}`)).status).toBe(404);
  });
});
