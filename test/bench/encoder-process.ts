import { availableParallelism } from 'node:os';
import { join } from 'node:path';

import { taskLineSchema } from '../../src/contracts/task-protocol.ts';
import type { TaskLine, TaskRequest } from '../../src/contracts/task-protocol.ts';
import { PROJECT } from '../../scripts/local-state.ts';
import { freePort } from '../../scripts/ports.ts';
import { start, untilAnswers } from './programs.ts';

const SECRET = 'benchmark-task-token-secret-0123456789abcdef';
/** As `npm run dev` gives them to a native engine. */
const CORES_OF_A_SLOT = 4;

export type TaskOutcome = Exclude<TaskLine, { type: 'progress' }>;

/** The product's encoder server as a process of its own. */
export interface EncoderProcess {
  readonly pid: number;
  run(request: TaskRequest): Promise<TaskOutcome>;
  stop(): Promise<void>;
}

export async function startEncoder(): Promise<EncoderProcess> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const slots = Math.max(1, Math.floor(availableParallelism() / CORES_OF_A_SLOT));
  const started = await start(
    [process.execPath, join(PROJECT, 'containers/transcoder/main.ts')],
    () => untilAnswers(`${url}/health`),
    {
      ...process.env,
      PORT: String(port),
      TASK_TOKEN_SECRET: SECRET,
      TRANSCODER_SLOTS: String(slots),
      STREAMGATE_ENGINE: 'native',
      WATCH_PARENT: '1',
      LOG_LEVEL: 'warn',
    },
  );
  return {
    pid: started.pid,
    run: (request) => runTask(url, request),
    stop: () => started.stop(),
  };
}

async function runTask(url: string, request: TaskRequest): Promise<TaskOutcome> {
  const response = await fetch(`${url}/tasks`, {
    method: 'POST',
    headers: { authorization: `Bearer ${SECRET}`, 'content-type': 'application/json' },
    body: JSON.stringify(request),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`the encoder answered ${response.status}: ${text}`);
  const last = taskLineSchema.parse(JSON.parse(text.trim().split('\n').at(-1) ?? ''));
  if (last.type === 'progress') throw new Error('the encoder stopped in mid-task');
  return last;
}
