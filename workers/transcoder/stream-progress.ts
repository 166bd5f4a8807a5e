import type { Context } from 'hono';
import { streamSSE } from 'hono/streaming';

import type { AppEnv } from '../../src/http/app-env.ts';
import type { JobDescription } from './describe-job.ts';

const LOOK_EVERY_MS = 500;
/** A comment line in quiet times keeps proxies from closing the connection. */
const KEEP_ALIVE_MS = 15_000;
/** Readers connect again; a stream does not live for ever. */
const LONGEST_STREAM_MS = 30 * 60_000;

/** Server-sent events: the job on every change, until it is over or the reader leaves. */
export function streamProgress(c: Context<AppEnv>, look: () => Promise<JobDescription>): Response {
  c.header('cache-control', 'no-store');
  return streamSSE(c, async (stream) => {
    const startedAt = Date.now();
    let last = '';
    let wroteAt = startedAt;
    while (!stream.aborted && Date.now() - startedAt < LONGEST_STREAM_MS) {
      const job = await look();
      const data = JSON.stringify(job);
      if (data !== last) {
        await stream.writeSSE({ event: 'progress', data });
        last = data;
        wroteAt = Date.now();
      }
      if (job.endedAt !== undefined) return;
      if (Date.now() - wroteAt > KEEP_ALIVE_MS) {
        await stream.write(': still here\n\n');
        wroteAt = Date.now();
      }
      await stream.sleep(LOOK_EVERY_MS);
    }
  });
}
