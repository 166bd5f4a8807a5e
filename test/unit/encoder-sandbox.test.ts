import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';

import type { EncoderEngine, EngineExit } from '../../containers/transcoder/engine.ts';
import { findProgram } from '../../containers/transcoder/find-program.ts';
import { findNativeEngine } from '../../containers/transcoder/native-engine.ts';

const PATH = process.env['PATH'] ?? '';
const MARK = 'streamgate-sandbox-test';

// What the engine says of itself must be true: each level is tried on a PATH that has only its tools.
const LEVELS = [
  ['everything there is', ['prlimit', 'setpriv', 'unshare', 'bwrap']],
  ['no bubblewrap', ['prlimit', 'setpriv', 'unshare']],
  ['limits only', ['prlimit', 'setpriv']],
  ['nothing', []],
] as const;

describe.each(LEVELS)('with %s', (_name, tools) => {
  let folder: string;
  let task: string;
  let engine: EncoderEngine;
  let canary: Server;
  let visits = 0;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sandbox-'));
    task = join(folder, 'task');
    const path = join(folder, 'bin');
    await Promise.all([mkdir(task), mkdir(path)]);
    for (const tool of [...tools, 'sh', 'ldd']) {
      const real = await findProgram(tool);
      if (real !== undefined) await symlink(real, join(path, tool));
    }
    await Promise.all(['ffmpeg', 'ffprobe'].map((name) => writeProgram(path, name)));
    await writeFile(join(folder, 'canary'), 'secret');
    await writeFile(join(folder, 'source'), 'the source');
    canary = createServer((socket) => {
      visits += 1;
      socket.destroy();
    }).listen(0, '127.0.0.1');
    await once(canary, 'listening');
    process.env['PATH'] = path;
    const found = await findNativeEngine();
    process.env['PATH'] = PATH;
    if (found === undefined) throw new Error('no engine');
    engine = found;
  });
  afterEach(async () => {
    await rm(task, { recursive: true, force: true });
    await mkdir(task);
  });
  afterAll(async () => {
    canary.close();
    await rm(folder, { recursive: true, force: true });
  });

  /** The program that stands in for ffmpeg runs this script. */
  async function run(script: string, more: object = {}): Promise<EngineExit & { lines: string[] }> {
    const lines: string[] = [];
    const exit = await engine.run({
      program: 'ffmpeg',
      arguments: [script],
      folder: task,
      sourceFile: join(folder, 'source'),
      signal: new AbortController().signal,
      cpuSeconds: 20,
      maxFileBytes: 1_000_000,
      onLine: (line) => lines.push(line),
      ...more,
    });
    return { ...exit, lines };
  }

  test('the source can be read, the folder written and the environment tells nothing', async () => {
    process.env['TASK_TOKEN_SECRET_CANARY'] = MARK;
    const { code, lines } = await run('cat job/source; echo; echo made > out; env');
    delete process.env['TASK_TOKEN_SECRET_CANARY'];
    expect(code).toBe(0);
    expect(lines[0]).toBe('the source');
    expect(await readFile(join(task, 'out'), 'utf8')).toBe('made\n');
    expect(lines.join('\n')).not.toContain(MARK);
  });

  test('what it says of itself is true', async () => {
    const { port } = canary.address() as AddressInfo;
    const before = visits;
    const tries = [
      `cat ${join(folder, 'canary')} 2>/dev/null`,
      `(exec 3<>/dev/tcp/127.0.0.1/${port}) 2>/dev/null`,
      `(echo x > ${join(folder, 'written')}) 2>/dev/null`,
      `(echo x > /usr/${MARK}) 2>/dev/null && rm /usr/${MARK} && echo system`,
      `kill -0 ${process.pid} 2>/dev/null && echo process`,
    ];
    const { lines } = await run(`${tries.join('\n')}\ntrue`);
    const reached = {
      file: lines.includes('secret') || existsSync(join(folder, 'written')),
      network: visits > before,
      process: lines.includes('process'),
      ...(engine.sandbox === 'sandbox: bubblewrap' && { system: lines.includes('system') }),
    };
    await rm(join(folder, 'written'), { force: true });
    if (engine.sandbox === 'sandbox: bubblewrap') {
      expect(reached).toEqual({ file: false, network: false, process: false, system: false });
    } else if (engine.sandbox.startsWith('sandbox: namespaces')) {
      expect(reached).toEqual({ file: true, network: false, process: false });
    } else {
      expect(engine.sandbox).toMatch(/^not sandboxed: /);
      expect(reached).toEqual({ file: true, network: true, process: true });
    }
    if (!(tools as readonly string[]).includes('bwrap'))
      expect(engine.sandbox).toMatch(/install bubblewrap|only Linux/);
  });

  test('an abort kills what runs inside', async () => {
    const command = `sleep ${6000 + LEVELS.findIndex(([, each]) => each === tools)}`;
    const abort = new AbortController();
    const ended = run(`${command}; true`, { signal: abort.signal });
    await expect.poll(() => processes(command)).toBe(1);
    abort.abort(new Error('enough'));
    await expect(ended).rejects.toThrow('enough');
    await expect.poll(() => processes(command)).toBe(0);
  });

  test('limits and crashes are told apart', async () => {
    expect(await run('kill -SEGV $$')).toMatchObject({ code: undefined, stoppedBy: 'crash' });
    expect(await run('kill -KILL $$')).toMatchObject({ code: undefined, stoppedBy: 'killed' });
    expect(await run('exit 3')).toMatchObject({ code: 3 });
    if (!(tools as readonly string[]).includes('prlimit')) return;
    const busy = await run('while :; do :; done', { cpuSeconds: 1 });
    expect(busy).toMatchObject({ code: undefined, stoppedBy: 'cpu' });
    const large = await run('exec head -c 3000000 /dev/zero > out');
    expect(large).toMatchObject({ code: undefined, stoppedBy: 'output' });
  });
});

/** A stand-in outside the system's folders: bash on its first argument, the real version when it is asked for that. */
async function writeProgram(path: string, name: string): Promise<void> {
  const real = (await findProgram(name)) ?? name;
  const file = join(path, name);
  const script = `#!/bin/bash\n[ "$1" = -version ] && exec ${real} -version\n[ "$1" = -hide_banner ] && exec ${real} "$@"\nexec bash -c "$1"\n`;
  await writeFile(file, script);
  await chmod(file, 0o755);
}

function processes(command: string): number {
  const list = execFileSync('ps', ['-eo', 'args='], {
    env: { PATH: PATH.split(delimiter).concat('/bin', '/usr/bin').join(delimiter) },
  });
  return list
    .toString()
    .split('\n')
    .filter((line) => line === command).length;
}
