import { execFile, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

import { PROJECT, prepareLocalState, wranglerEnv } from './local-state.ts';
import type { LocalState } from './local-state.ts';
import { findNativeEngine } from '../containers/transcoder/native-engine.ts';
import { freePort, requireFreePort } from './ports.ts';
import type { DevServices } from './service-configs.ts';
import { endFormerRun, forgetRun, rememberRun } from './former-run.ts';

/** Nine Workers on a busy machine take minutes. */
const START_DEADLINE_MS = 240_000;
const STOP_DEADLINE_MS = 10_000;
const CRON_EVERY_MS = 60_000;
/** Cores that one native ffmpeg keeps busy with a ladder; the WebAssembly build uses one. */
const CORES_OF_A_TASK = 4;
const MOST_SLOTS = 4;
/** Long enough for `/ready` to tell what happened, short enough to heal by itself. */
const ENCODER_RESTART_MS = 15_000;

export interface PlatformOptions {
  readonly port: number;
  readonly persistTo: string;
  readonly adminToken?: string;
  /** Called with every line that the platform writes; all of them also go to `platform.log` in the state folder. */
  readonly onLine?: (line: string) => void;
  /** Another entry of the Worker than the configuration's, as a path in the project. */
  readonly entry?: string;
  /** More variables for the Worker, such as `APP_PLUGINS`. */
  readonly variables?: Readonly<Record<string, string>>;
  /** Nine Workers, joined by their bindings, in place of one. */
  readonly services?: DevServices;
}

export interface Platform {
  readonly url: string;
  readonly adminToken: string | undefined;
  readonly isFirstRun: boolean;
  readonly logFile: string;
  /** Settles when the Worker's process ends without being asked to. */
  readonly crashed: Promise<string>;
  /** Stops everything; nothing is left running. */
  stop(): Promise<void>;
}

/** Starts the whole platform on this machine and answers when `/ready` does. Throws a sentence that says what is in the way. */
export async function startPlatform(options: PlatformOptions): Promise<Platform> {
  await endFormerRun(options.persistTo);
  await requireFreePort(options.port);
  const state = await prepareLocalState(options.persistTo, options.adminToken);
  const url = `http://127.0.0.1:${options.port}`;
  const encoderPort = await freePort();
  const logFile = join(options.persistTo, 'platform.log');
  const log = createWriteStream(logFile, { flags: 'a' });
  const note = (line: string): void => {
    // wrangler's own line of each request shows playback tokens; ours (`request.finished`) does not.
    if (/^\[wrangler:\w+\] [A-Z]+ \//.test(line)) return;
    log.write(`${line}\n`);
    options.onLine?.(line);
  };
  const slots = String(await chooseSlots());
  const encoder = superviseEncoder({
    slots,
    port: encoderPort,
    secret: state.taskTokenSecret,
    note,
  });
  const variables = {
    PUBLIC_URL: url,
    TRANSCODER_URL: `http://127.0.0.1:${encoderPort}`,
    TRANSCODER_SLOTS: slots,
    RATE_LIMITS: 'off',
    ...options.variables,
  };
  const worker = startWrangler(options, await workerArguments(options, variables, state), note);
  await rememberRun(options.persistTo, [worker.pid, encoder.pid()]);
  const cron = setInterval(
    () => void fetch(`${url}/cdn-cgi/handler/scheduled`).catch(() => undefined),
    CRON_EVERY_MS,
  );
  let stopping = false;
  const crashed = new Promise<string>((resolve) => {
    worker.once('exit', (code, signal) => {
      if (!stopping) resolve(`the Worker's process ended (${signal ?? code}); see ${logFile}`);
    });
  });
  const stop = async (): Promise<void> => {
    stopping = true;
    clearInterval(cron);
    await Promise.all([encoder.stop(), endProcess(worker)]);
    log.end();
    await forgetRun(options.persistTo);
  };
  try {
    await Promise.race([
      untilReady(`${url}${isWhole(options) ? '/ready' : '/health/live'}`),
      crashed.then((reason) => Promise.reject(new Error(reason))),
    ]);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    url,
    adminToken: state.adminToken,
    isFirstRun: state.isFirstRun,
    logFile,
    crashed,
    stop,
  };
}

/** True when every service runs. */
function isWhole({ variables, services }: PlatformOptions): boolean {
  return variables?.['APP_PLUGINS'] === undefined && services?.only === undefined;
}

/** What `wrangler dev` is to run: the monolith, or a configuration for each service. */
async function workerArguments(
  { services, persistTo, entry }: PlatformOptions,
  variables: Readonly<Record<string, string>>,
  { secretsFile }: LocalState,
): Promise<string[]> {
  if (services === undefined) {
    const flags = Object.entries(variables).flatMap(([name, value]) => [
      '--var',
      `${name}:${value}`,
    ]);
    return [...(entry === undefined ? [] : [entry]), '--env-file', secretsFile, ...flags];
  }
  // Loaded when it is needed: it brings all of wrangler.
  const { writeDevConfigs } = await import('./service-configs.ts');
  const [files] = await Promise.all([
    writeDevConfigs(persistTo, { ...services, variables, secretsFile }),
    buildPage(),
  ]);
  return files.flatMap((file) => ['-c', file]);
}

async function buildPage(): Promise<void> {
  await promisify(execFile)(process.execPath, [join(PROJECT, 'scripts/build-web.ts')]);
}

function startWrangler(
  { port, persistTo }: PlatformOptions,
  args: readonly string[],
  note: (line: string) => void,
): ChildProcess {
  const common = [
    ...['dev', '--ip', '127.0.0.1', '--port', String(port), '--inspector-port', '0'],
    ...['--persist-to', persistTo, '--show-interactive-dev-session=false'],
  ];
  const child = spawn('wrangler', [...common, ...args], {
    cwd: PROJECT,
    env: wranglerEnv(),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  for (const stream of [child.stdout, child.stderr]) eachLine(stream, note);
  return child;
}

interface SupervisedEncoder {
  pid(): number | undefined;
  stop(): Promise<void>;
}

/** Keeps the encoder process running: one that dies is started again after a while. */
function superviseEncoder(options: {
  readonly slots: string;
  readonly port: number;
  readonly secret: string;
  readonly note: (line: string) => void;
}): SupervisedEncoder {
  let stopping = false;
  let child: ChildProcess | undefined;
  let timer: NodeJS.Timeout | undefined;
  const start = (): void => {
    child = spawn(process.execPath, [join(PROJECT, 'containers/transcoder/main.ts')], {
      cwd: PROJECT,
      env: {
        ...process.env,
        PORT: String(options.port),
        TASK_TOKEN_SECRET: options.secret,
        TRANSCODER_SLOTS: options.slots,
        WATCH_PARENT: '1',
      },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    for (const stream of [child.stdout, child.stderr]) if (stream) eachLine(stream, options.note);
    child.once('exit', (code, signal) => {
      if (stopping) return;
      options.note(
        `the encoder stopped (${signal ?? code}); starting it again in ${ENCODER_RESTART_MS / 1000} s`,
      );
      timer = setTimeout(start, ENCODER_RESTART_MS);
    });
  };
  start();
  return {
    pid: () => child?.pid,
    stop: async () => {
      stopping = true;
      clearTimeout(timer);
      if (child) await endProcess(child);
    },
  };
}

/** Tasks to run at the same time on this machine. */
async function chooseSlots(): Promise<number> {
  const cores = availableParallelism();
  const isNative =
    process.env['STREAMGATE_ENGINE'] !== 'wasm' && (await findNativeEngine()) !== undefined;
  return Math.max(1, Math.min(MOST_SLOTS, isNative ? Math.floor(cores / CORES_OF_A_TASK) : cores));
}

async function endProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.kill('SIGTERM');
  const late = sleep(STOP_DEADLINE_MS, 'late' as const, { ref: false });
  if ((await Promise.race([ended, late])) === 'late') child.kill('SIGKILL');
  await ended;
}

function eachLine(stream: NodeJS.ReadableStream, take: (line: string) => void): void {
  let rest = '';
  stream.on('data', (chunk: Buffer) => {
    const lines = (rest + chunk.toString()).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) if (line.trim() !== '') take(line);
  });
}

async function untilReady(address: string): Promise<void> {
  const deadline = Date.now() + START_DEADLINE_MS;
  let last = 'nothing answers yet';
  while (Date.now() < deadline) {
    try {
      const response = await fetch(address, { signal: AbortSignal.timeout(5000) });
      if (response.ok) return;
      last = await response.text();
    } catch (error) {
      last = error instanceof Error ? error.message : String(error);
    }
    await sleep(250);
  }
  throw new Error(`the platform was not ready after ${START_DEADLINE_MS / 1000} s: ${last}`);
}
