import { mkdir, open, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { COPY_FILE, planCopy } from '../../src/media/copy-plan.ts';
import { headerProbeArguments } from '../../src/media/probe-arguments.ts';
import type { ProbeDocument } from '../../src/media/source-facts.ts';
import type { EncoderEngine, EngineExit, EngineRun } from './engine.ts';

/** The file that all tasks of a job read. */
export interface PreparedSource {
  readonly path: string;
  /** False where a seek may land between key frames or is impossible. */
  readonly canSeek: boolean;
  /** What the uploaded file says of itself, where `path` is a copy of it. */
  readonly original?: NonNullable<ProbeDocument['format']>;
}

const CPU_SECONDS = 300;
const BYTES_PER_CPU_SECOND = 4_000_000;
const MAX_HEADER_CHARACTERS = 1_000_000;
/** A copy may be this much larger than the file: packed AVI becomes a little larger, all else smaller. */
const MAX_GROWTH = 1.2;
const MAX_GROWTH_BYTES = 16 * 1024 * 1024;

/**
 * Makes the file at `path` fit for reading from the middle: what has no index is copied, without encoding, into
 * fragmented MP4 or Matroska beside it and removed. A file that cannot be copied stays as it is; the probe judges it.
 */
export async function prepareSource(
  engine: EncoderEngine,
  path: string,
  signal: AbortSignal,
): Promise<PreparedSource> {
  if (await startsLikeIndexed(path)) return { path, canSeek: true };
  const folder = join(dirname(path), 'prepared');
  await mkdir(folder);
  const run = await runIn(engine, folder, path, signal);
  const document = await readHeader(run);
  const plan = planCopy(document);
  if (plan.kind === 'seek') return { path, canSeek: true };
  if (plan.kind === 'read-from-start') return { path, canSeek: false };
  const exit = await run({ program: 'ffmpeg', arguments: plan.arguments });
  const copy = join(folder, COPY_FILE);
  if (exit.code !== 0) {
    await rm(copy, { force: true });
    return { path, canSeek: false };
  }
  await rm(path);
  return { path: copy, canSeek: true, original: document.format ?? {} };
}

type Run = (run: Pick<EngineRun, 'program' | 'arguments' | 'onLine'>) => Promise<EngineExit>;

async function runIn(
  engine: EncoderEngine,
  folder: string,
  sourceFile: string,
  signal: AbortSignal,
): Promise<Run> {
  const { size } = await stat(sourceFile);
  const cpuSeconds = CPU_SECONDS + size / BYTES_PER_CPU_SECOND;
  const maxFileBytes = Math.ceil(size * MAX_GROWTH + MAX_GROWTH_BYTES);
  return (run) => engine.run({ ...run, folder, sourceFile, signal, cpuSeconds, maxFileBytes });
}

async function readHeader(run: Run): Promise<ProbeDocument> {
  let text = '';
  await run({
    program: 'ffprobe',
    arguments: headerProbeArguments(),
    onLine: (line) => {
      if (text.length < MAX_HEADER_CHARACTERS) text += `${line}\n`;
    },
  });
  try {
    return JSON.parse(text) as ProbeDocument;
  } catch {
    // Not a file that ffprobe can read: the probe task says why.
    return {};
  }
}

const MP4_BOXES = new Set(['ftyp', 'moov', 'mdat', 'free', 'wide', 'skip', 'pnot', 'styp', 'moof']);
const EBML = 0x1a45dfa3;

/** MP4 and Matroska: their times and key frames can be trusted, so they need no look by ffprobe. */
async function startsLikeIndexed(path: string): Promise<boolean> {
  const bytes = Buffer.alloc(8);
  const file = await open(path, 'r');
  try {
    await file.read(bytes, 0, bytes.length, 0);
  } finally {
    await file.close();
  }
  return MP4_BOXES.has(bytes.toString('latin1', 4)) || bytes.readUInt32BE(0) === EBML;
}
