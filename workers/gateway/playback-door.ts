import { createId } from '../../src/contracts/ids.ts';
import { PLAYBACK_ADDRESS } from '../../src/contracts/services.ts';
import { rawPathOf } from '../../src/http/raw-path.ts';
import type { Logger } from '../../src/kernel/logger.ts';
import type { ServiceContext } from '../../src/kernel/service-context.ts';
import { redactPath } from '../../src/http/redact-path.ts';
import type { Tracer } from '../../src/kernel/tracer.ts';
import { createRemotePlayback } from './remote-playback.ts';

/** The answer to a request for playback; `undefined` for every other address, and where nothing plays. */
export type PlaybackDoor = (
  request: Request,
  execution: ExecutionContext,
) => Promise<Response> | undefined;

/**
 * Playback has a door of its own, before the middleware of the API: it authorises by itself, and a segment that passes
 * through a chain made for other things costs a multiple of its bytes.
 */
export function createPlaybackDoor({
  contributions,
  logger,
  services,
  tracer,
}: Pick<ServiceContext, 'contributions' | 'logger' | 'services' | 'tracer'>): PlaybackDoor {
  const streaming = services.remotes.get('streaming');
  const playback = contributions.playback ?? (streaming && createRemotePlayback(streaming));
  return (request, execution) => {
    const path = rawPathOf(request.url);
    if (playback === undefined || !PLAYBACK_ADDRESS.test(path)) return undefined;
    const startedAt = Date.now();
    const requestId = createId('req', startedAt);
    const bound = logger.with({ requestId });
    const waitUntil = (work: Promise<unknown>): void => execution.waitUntil(work);
    const play = (): Promise<Response> =>
      playback(request, { path, requestId, logger: bound, waitUntil });
    const answer = tracer.isExporting ? traced(tracer, { request, path, requestId }, play) : play();
    return answer.then((response) => {
      logAnswer(bound, { request, path, startedAt }, response.status);
      return response;
    });
  };
}

/** One `request.finished` a request. Players fetch segments by the dozen: those that went well are for debugging only. */
function logAnswer(
  logger: Logger,
  asked: { readonly request: Request; readonly path: string; readonly startedAt: number },
  status: number,
): void {
  const level = status < 400 && asked.path.endsWith('.m4s') ? 'debug' : 'info';
  if (!logger.writes(level)) return;
  logger[level]('request.finished', {
    method: asked.request.method,
    path: redactPath(asked.path),
    status,
    durationMs: Date.now() - asked.startedAt,
  });
}

function traced(
  tracer: Tracer,
  asked: { readonly request: Request; readonly path: string; readonly requestId: string },
  play: () => Promise<Response>,
): Promise<Response> {
  const { method, headers } = asked.request;
  const unit = {
    name: `${method} playback`,
    kind: 'server',
    parent: headers.get('traceparent') ?? undefined,
    attributes: {
      'http.request.method': method,
      'url.path': redactPath(asked.path),
      'request.id': asked.requestId,
    },
  } as const;
  return tracer.unit(unit, async (span) => {
    const response = await play();
    span.set({ attributes: { 'http.response.status_code': response.status } });
    if (response.status >= 500) span.fail(String(response.status));
    return response;
  });
}
