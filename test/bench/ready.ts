import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import { runDirect } from './direct-run.ts';
import type { Benchmark, BenchOptions, Figure } from './figure.ts';
import { median } from './figure.ts';
import { naturalSource } from './natural-source.ts';
import { openPlatform } from './platform-client.ts';
import type { PlatformClient, Upload } from './platform-client.ts';
import { probeSource } from './probe-source.ts';

const READY_DEADLINE_MS = 2 * 3600_000;

interface Round {
  readonly upload: Upload;
  readonly directSeconds: number;
}

export const readyBenchmark: Benchmark = {
  name: 'ready',
  title: 'From the first byte of an upload to ready, through the whole platform',
  programs: ['ffmpeg', 'ffprobe'],
  run: async (options) => {
    const source = await naturalSource(options.seconds, options.say);
    const platform = await openPlatform(join(options.folder, 'platform'));
    try {
      return [wallFigure(await runRounds(source, platform, options), options.seconds)];
    } finally {
      await platform.stop();
    }
  },
};

async function runRounds(
  source: string,
  platform: PlatformClient,
  { folder, repeats, say }: BenchOptions,
): Promise<Round[]> {
  const facts = await probeSource(source, join(folder, 'probe'));
  const output = join(folder, 'direct');
  await mkdir(output, { recursive: true });
  const rounds: Round[] = [];
  for (let repeat = 0; repeat < repeats; repeat++) {
    const { wallSeconds } = await runDirect(source, facts, output);
    const upload = await platform.upload(source, READY_DEADLINE_MS);
    if (upload.video.status.state !== 'ready')
      throw new Error(`the source was refused: ${upload.video.status.errorReasonText}`);
    rounds.push({ upload, directSeconds: wallSeconds });
    say(`ready after ${upload.settledSeconds.toFixed(1)} s, direct ${wallSeconds.toFixed(1)} s`);
  }
  return rounds;
}

function wallFigure(rounds: readonly Round[], seconds: number): Figure {
  const of = (pick: (round: Round) => number): string => median(rounds.map(pick)).toFixed(1);
  const ready = of(({ upload }) => upload.settledSeconds);
  const sending = of(({ upload }) => upload.uploadSeconds);
  return {
    name: `wall of upload-to-ready ÷ one direct ffmpeg run, ${seconds} s of 1080p30`,
    values: rounds.map(({ upload, directSeconds }) => upload.settledSeconds / directSeconds),
    limit: 1.15,
    note: `ready after ${ready} s, of that sending ${sending}; direct ${of((round) => round.directSeconds)}`,
  };
}
