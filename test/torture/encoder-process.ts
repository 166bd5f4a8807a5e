import { spawn } from 'node:child_process';
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { findProgram } from '../../containers/transcoder/find-program.ts';
import { descendantsOf, listProcesses } from '../../scripts/processes.ts';
import { SECRET } from '../unit/encoder-harness.ts';

const SAMPLE_MS = 250;

/** The encoder as it is deployed, a process of its own, with its memory watched. */
export interface EncoderProcess {
  readonly url: string;
  readonly sandbox: string;
  /** Largest resident memory so far, MiB: of the server and of any one ffmpeg. */
  readonly peakMib: { server: number; ffmpeg: number };
  readonly hasEnded: () => boolean;
  stop(): Promise<void>;
}

export interface EncoderOptions {
  /** Its temporary files, and its PATH where one is made. */
  readonly folder: string;
  readonly slots: number;
  /** Only ffmpeg and these programs are on its PATH. */
  readonly tools?: readonly string[];
  /** A script that stands in for ffmpeg on that PATH. */
  readonly ffmpeg?: string;
}

export async function startEncoderProcess(options: EncoderOptions): Promise<EncoderProcess> {
  const { folder, slots, tools } = options;
  const PATH = tools === undefined ? process.env['PATH'] : await pathOf(options, tools);
  const settings = { PORT: '0', TRANSCODER_SLOTS: String(slots), LOG_LEVEL: 'info' };
  const child = spawn(process.execPath, ['containers/transcoder/main.ts'], {
    env: { PATH, TMPDIR: folder, TASK_TOKEN_SECRET: SECRET, ...settings },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const facts = await untilListening(child.stdout);
  const peakMib = { server: 0, ffmpeg: 0 };
  const sampling = setInterval(() => void sample(child.pid ?? 0, peakMib), SAMPLE_MS);
  return {
    ...facts,
    peakMib,
    hasEnded: () => child.exitCode !== null || child.signalCode !== null,
    stop: async () => {
      clearInterval(sampling);
      child.kill('SIGTERM');
      await exited;
    },
  };
}

async function pathOf(options: EncoderOptions, tools: readonly string[]): Promise<string> {
  const path = join(options.folder, 'bin');
  await mkdir(path, { recursive: true });
  for (const tool of ['ffprobe', ...tools, ...(options.ffmpeg === undefined ? ['ffmpeg'] : [])]) {
    const real = await findProgram(tool);
    if (real !== undefined) await symlink(real, join(path, tool));
  }
  if (options.ffmpeg !== undefined) {
    await writeFile(join(path, 'ffmpeg'), options.ffmpeg, { mode: 0o755 });
  }
  return path;
}

async function untilListening(
  output: NodeJS.ReadableStream,
): Promise<{ url: string; sandbox: string }> {
  let sandbox = '';
  const lines = createInterface({ input: output });
  for await (const text of lines) {
    const line = JSON.parse(text) as { event: string; port?: number; sandbox?: string };
    sandbox = line.sandbox ?? sandbox;
    if (line.event === 'encoder.listening') {
      output.resume();
      return { url: `http://127.0.0.1:${line.port}`, sandbox };
    }
  }
  throw new Error('the encoder did not start');
}

async function sample(pid: number, peak: { server: number; ffmpeg: number }): Promise<void> {
  const family = descendantsOf([pid], await listProcesses().catch(() => []));
  for (const { pid: each, command } of family) {
    const mib = await residentMib(each);
    if (each === pid) peak.server = Math.max(peak.server, mib);
    else if (/ffmpeg|ffprobe/.test(command)) peak.ffmpeg = Math.max(peak.ffmpeg, mib);
  }
}

async function residentMib(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return Math.round(Number(/^VmHWM:\s+(\d+)/m.exec(status)?.[1] ?? 0) / 1024);
}
