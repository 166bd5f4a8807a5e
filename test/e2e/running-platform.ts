import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';

import { ApiClient } from '../../scripts/client.ts';
import { PROJECT } from '../../scripts/local-state.ts';
import { descendantsOf, listProcesses } from '../../scripts/processes.ts';

export const ADMIN_TOKEN = 'end-to-end-admin-token-0123456789abcdef';
const START_DEADLINE_MS = 240_000;
/** `STREAMGATE_SHAPE=services` runs the same tests against nine Workers. */
const IS_SERVICES = process.env['STREAMGATE_SHAPE'] === 'services';

/** `npm run dev` or `npm run dev:services` as a user runs it, in a process group of its own that can be killed as a whole. */
export class RunningPlatform {
  readonly folder: string;
  readonly port: number;
  readonly client: ApiClient;
  private child: ChildProcess | undefined;
  private output = '';

  constructor(folder: string, port: number) {
    this.folder = folder;
    this.port = port;
    this.client = new ApiClient(this.url, ADMIN_TOKEN);
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** The process that started all others of this platform. */
  get pid(): number {
    return this.child?.pid ?? 0;
  }

  /** Starts the platform on its state folder and waits until it is ready. */
  async start(variables: Readonly<Record<string, string>> = {}): Promise<void> {
    const args = [
      IS_SERVICES ? 'scripts/dev-services.ts' : 'scripts/dev.ts',
      '--port',
      String(this.port),
      '--persist-to',
      this.folder,
      '--verbose',
    ];
    const plugins = variables['APP_PLUGINS'];
    this.child = spawn(
      process.execPath,
      [...args, ...(plugins === undefined ? [] : [IS_SERVICES ? '--only' : '--plugins', plugins])],
      {
        cwd: PROJECT,
        env: { ...process.env, STREAMGATE_ADMIN_TOKEN: ADMIN_TOKEN },
        stdio: ['ignore', 'pipe', 'pipe'],
        detached: true,
      },
    );
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream?.on('data', (chunk: Buffer) => (this.output += chunk.toString()));
    }
    const deadline = Date.now() + START_DEADLINE_MS;
    while (!this.output.includes('StreamGate is ready')) {
      if (this.child.exitCode !== null)
        throw new Error(`the platform did not start:\n${this.output}`);
      if (Date.now() > deadline)
        throw new Error(`the platform is not ready:\n${this.output.slice(-4000)}`);
      await sleep(100);
    }
  }

  /** kill -9 of everything at once: no goodbye, no flush. */
  async killAll(): Promise<void> {
    await this.end('SIGKILL', -(this.child?.pid ?? 0));
  }

  /** Ctrl-C. */
  async stop(): Promise<void> {
    await this.end('SIGTERM', this.child?.pid ?? 0);
  }

  /** Processes of this platform whose command line contains the text. */
  async processes(text: string): Promise<number[]> {
    const own = descendantsOf([this.pid], await listProcesses());
    return own.filter(({ command }) => command.includes(text)).map(({ pid }) => pid);
  }

  log(): string {
    return this.output;
  }

  private async end(signal: NodeJS.Signals, pid: number): Promise<void> {
    const { child } = this;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null || pid === 0)
      return;
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    process.kill(pid, signal);
    await ended;
    this.output = '';
    await sleep(500);
  }
}
