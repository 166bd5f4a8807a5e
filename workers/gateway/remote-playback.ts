import { forwardRequest } from '../../src/http/forwarded-call.ts';
import { playbackCors } from '../../src/http/playback-cors.ts';
import { renderProblem } from '../../src/http/render-error.ts';
import { runInCall } from '../../src/kernel/call-context.ts';
import type { PlaybackHandler } from '../../src/kernel/service-context.ts';
import type { RemoteService } from '../../src/kernel/service-directory.ts';

/** Time to the head of an answer: streaming itself waits no longer than 10 s for anything. */
const DEADLINE_MS = 15_000;

/** Playback by the streaming service in its own Worker. */
export function createRemotePlayback(streaming: RemoteService): PlaybackHandler {
  return async function forwardPlayback(request, { requestId }) {
    try {
      return await runInCall({ requestId }, () =>
        streaming.fetch((context) => forwardRequest(request, { context }), DEADLINE_MS),
      );
    } catch (error) {
      const response = renderProblem(error, requestId);
      for (const [name, value] of Object.entries(playbackCors('*')))
        response.headers.set(name, value);
      return response;
    }
  };
}
