import type { ServerResponse } from 'node:http';

import type { EncoderSpan, TaskLine, TaskResult } from '../../src/contracts/task-protocol.ts';
import type { TaskProgress } from './run-task.ts';
import { toTaskFailure } from './task-failure.ts';

const HEARTBEAT_MS = 1000;

type LastLine = Exclude<TaskLine, { type: 'progress' }>;

/** Writes the task's lines: progress at least every second, then `result` or `failure`, then the end. */
export async function streamTask(
  response: ServerResponse,
  work: (onProgress: (progress: TaskProgress) => void) => Promise<TaskResult>,
  endedSpans: () => readonly EncoderSpan[] | undefined = () => undefined,
): Promise<LastLine> {
  response.writeHead(200, {
    'content-type': 'application/x-ndjson',
    'cache-control': 'no-store',
  });
  let latest: TaskProgress = { type: 'progress', stage: 'fetch', frames: 0 };
  const write = (line: TaskLine): void => {
    if (!response.writableEnded && !response.destroyed) response.write(`${JSON.stringify(line)}\n`);
  };
  write(latest);
  const heartbeat = setInterval(() => write(latest), HEARTBEAT_MS);
  try {
    const result = await work((progress) => {
      const isNewStage = progress.stage !== latest.stage;
      latest = progress;
      if (isNewStage) write(progress);
    });
    return finish({ type: 'result', result });
  } catch (error) {
    return finish(toTaskFailure(error));
  } finally {
    clearInterval(heartbeat);
    response.end();
  }

  function finish(line: LastLine): LastLine {
    const spans = endedSpans();
    write(spans === undefined ? line : { ...line, spans });
    return line;
  }
}
