import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { PROJECT, wranglerEnv } from '../local-state.ts';

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  /** Everything that it wrote, in order. */
  readonly output: string;
}

/** Runs wrangler, or the program that `STREAMGATE_WRANGLER` names in its place, and answers how it ended. */
export async function tryWrangler(
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<Ran> {
  const child = spawn(process.env['STREAMGATE_WRANGLER'] ?? 'wrangler', args, {
    cwd: PROJECT,
    env: { ...wranglerEnv(), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
    output += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const code = await new Promise<number>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (ended) => resolve(ended ?? 1));
  });
  return { code, stdout, output };
}

/** The same, to a good end. Throws what it wrote when it fails. */
export async function runWrangler(
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<string> {
  const { code, stdout, output } = await tryWrangler(args, env);
  if (code !== 0) throw failure(args, output);
  return stdout;
}

/** The error that says which command failed and what it wrote. */
export function failure(args: readonly string[], output: string): Error {
  return new Error(`wrangler ${args.slice(0, 3).join(' ')} failed:\n${output.trim()}`);
}

/** Deploys a Worker and answers the addresses under which it is reached. */
export async function deployWorker(args: readonly string[]): Promise<readonly string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'streamgate-deploy-'));
  try {
    const file = join(folder, 'output.ndjson');
    await runWrangler(['deploy', ...args], { WRANGLER_OUTPUT_FILE_PATH: file });
    const lines = (await readFile(file, 'utf8')).split('\n').filter((line) => line !== '');
    return lines
      .map((line) => JSON.parse(line) as { type: string; targets?: readonly string[] })
      .flatMap(({ type, targets }) => (type === 'deploy' ? (targets ?? []) : []))
      .filter((target) => /^https?:\/\//.test(target));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
