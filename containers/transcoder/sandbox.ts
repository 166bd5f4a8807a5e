import { execFile } from 'node:child_process';
import { mkdtemp, mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

import { SOURCE_PATH } from '../../src/media/ffmpeg-guards.ts';
import { bubblewrapArguments } from './bubblewrap.ts';
import type { SandboxView } from './bubblewrap.ts';
import { findProgram } from './find-program.ts';
import { lookAtSystem } from './system-view.ts';

const PROBE_MS = 10_000;

/** Shuts ffmpeg in as far as this machine allows. */
export interface Sandbox {
  /** For health, readiness and logs: how far, and what would be better. */
  readonly description: string;
  /** The command that runs `command` inside. */
  enter(command: readonly string[], view: SandboxView): Promise<readonly string[]>;
}

type Enter = Sandbox['enter'];

/** The strictest sandbox in which these programs really run; tried once, not assumed. */
export async function chooseSandbox(programs: readonly string[]): Promise<Sandbox> {
  const bubblewrap = await findBubblewrap(programs);
  const refusal = bubblewrap && (await whyItFails(bubblewrap, programs));
  if (bubblewrap && refusal === undefined) {
    return { description: 'sandbox: bubblewrap', enter: bubblewrap };
  }
  const advice = adviceFor(refusal);
  const namespaces = await findNamespaces();
  if (namespaces && (await whyItFails(namespaces, programs)) === undefined) {
    return {
      description: `sandbox: namespaces only, no network but files are visible: ${advice}`,
      enter: namespaces,
    };
  }
  return {
    description: `not sandboxed: ${advice}`,
    enter: async (command, view) => {
      await linkSource(view);
      return command;
    },
  };
}

function adviceFor(refusal: string | undefined): string {
  if (process.platform !== 'linux') return 'only Linux has bubblewrap';
  if (refusal === undefined) return 'install bubblewrap';
  return `bubblewrap does not work here (${refusal})`;
}

async function findBubblewrap(programs: readonly string[]): Promise<Enter | undefined> {
  const bwrap = await findProgram('bwrap');
  if (bwrap === undefined) return undefined;
  const system = await lookAtSystem(programs);
  return async (command, view) => [bwrap, ...bubblewrapArguments(system, view), '--', ...command];
}

/** util-linux: no network, own processes, no privileges; ffmpeg still sees the files of this user. */
async function findNamespaces(): Promise<Enter | undefined> {
  const [unshare, setpriv, sh] = await Promise.all(['unshare', 'setpriv', 'sh'].map(findProgram));
  if (unshare === undefined || setpriv === undefined || sh === undefined) return undefined;
  const isolate = ['--user', '--map-root-user', '--net', '--pid', '--ipc', '--uts', '--mount'];
  const drop = ['--no-new-privs', '--inh-caps=-all', '--bounding-set=-all'];
  return async (command, view) => {
    await linkSource(view);
    return [
      ...[unshare, ...isolate, '--mount-proc', '--fork', '--kill-child', '--'],
      // A shell in front: signals that end other processes do nothing to the first one of a namespace.
      ...[setpriv, ...drop, '--', sh, '-c', '"$@"; exit $?', 'sh', ...command],
    ];
  };
}

/** Runs each program's `-version` inside, with a folder and a source; `undefined` when all answer as they do outside. */
async function whyItFails(enter: Enter, programs: readonly string[]): Promise<string | undefined> {
  const folder = await mkdtemp(join(tmpdir(), 'streamgate-sandbox-'));
  try {
    const sourceFile = join(folder, 'source');
    const inner = join(folder, 'task');
    await Promise.all([writeFile(sourceFile, ''), mkdir(inner)]);
    for (const program of programs) {
      const command = await enter([program, '-version'], { folder: inner, sourceFile });
      if ((await outputOf(command)) !== (await outputOf([program, '-version'])))
        return `${program} says something else inside`;
    }
    return undefined;
  } catch (error) {
    return reasonOf(error);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function outputOf([program = '', ...args]: readonly string[]): Promise<string> {
  const options = { timeout: PROBE_MS, killSignal: 'SIGKILL' } as const;
  return (await promisify(execFile)(program, args, options)).stdout;
}

function reasonOf(error: unknown): string {
  const { stderr, message } = error as { stderr?: string; message?: string };
  const [line = ''] = (stderr ?? message ?? '').trim().split('\n');
  return line.slice(0, 120);
}

async function linkSource({ folder, sourceFile }: SandboxView): Promise<void> {
  if (sourceFile === undefined) return;
  const link = join(folder, SOURCE_PATH);
  await mkdir(dirname(link), { recursive: true });
  await symlink(sourceFile, link).catch((error: unknown) => {
    if ((error as { code?: unknown }).code !== 'EEXIST') throw error;
  });
}
