import { createExecutionContext } from 'cloudflare:test';
import { afterEach, describe, expect, test, vi } from 'vitest';

import { ServiceDirectory } from '../../src/kernel/service-directory.ts';
import { createLogger } from '../../src/kernel/logger.ts';
import type { LogLevel } from '../../src/kernel/logger.ts';
import type { PlaybackCall, ServiceContext } from '../../src/kernel/service-context.ts';
import { Tracer } from '../../src/kernel/tracer.ts';
import { createPlaybackDoor } from '../../workers/gateway/playback-door.ts';

const TOKEN = 'aaa.bbb.ccc';
const SEGMENT = `/${TOKEN}/media/01k8zzzzzzzzzzzzzzzzzzzzzz/720p/7.m4s`;
const execution = createExecutionContext();

afterEach(() => {
  vi.restoreAllMocks();
});

/** A door with a playback behind it that answers with the given status and keeps what it was told. */
function aDoor(status: number, level: LogLevel = 'info') {
  const calls: PlaybackCall[] = [];
  const lines: Record<string, unknown>[] = [];
  vi.spyOn(console, 'log').mockImplementation((line: string) => {
    lines.push(JSON.parse(line) as Record<string, unknown>);
  });
  const context: Pick<ServiceContext, 'contributions' | 'logger' | 'services' | 'tracer'> = {
    logger: createLogger(level),
    services: new ServiceDirectory(),
    tracer: new Tracer({ resource: {}, sampleRatio: 1, waitUntil: () => undefined }),
    contributions: {
      routes: [],
      queues: new Map(),
      jobs: [],
      playback: async (_, call) => {
        calls.push(call);
        return new Response(null, { status, headers: { 'x-request-id': call.requestId } });
      },
    },
  };
  const door = createPlaybackDoor(context);
  const ask = (path: string): Promise<Response> | undefined =>
    door(new Request(`http://gate.test${path}`), execution);
  return { ask, calls, lines };
}

describe('the door of playback', () => {
  test('gives every request an id and its raw path', async () => {
    const { ask, calls } = aDoor(200);
    const response = await ask(`${SEGMENT}?x=/y`);
    expect(response?.headers.get('x-request-id')).toMatch(/^req_[0-9a-z]{26}$/);
    expect(calls).toEqual([expect.objectContaining({ path: SEGMENT })]);
  });

  test.each(['/', '/health', '/api/v1/uploads', '/client/v4/accounts/a/stream/b/token', '/watch'])(
    'leaves %s to the API',
    (path) => {
      expect(aDoor(200).ask(path)).toBeUndefined();
    },
  );

  test('writes one line a request, without the token', async () => {
    const { ask, lines } = aDoor(200);
    await ask(`/${TOKEN}/manifest/video.m3u8`);
    expect(lines).toEqual([
      expect.objectContaining({
        event: 'request.finished',
        level: 'info',
        method: 'GET',
        path: '/{token}/manifest/video.m3u8',
        status: 200,
      }),
    ]);
  });

  test('a segment is a line for debugging, and for everybody when it failed', async () => {
    const quiet = aDoor(200);
    await quiet.ask(SEGMENT);
    expect(quiet.lines).toEqual([]);
    const debugging = aDoor(206, 'debug');
    await debugging.ask(SEGMENT);
    expect(debugging.lines).toEqual([expect.objectContaining({ level: 'debug', status: 206 })]);
    const failing = aDoor(401);
    await failing.ask(SEGMENT);
    expect(failing.lines).toEqual([expect.objectContaining({ level: 'info', status: 401 })]);
  });
});
