import { basename, join } from 'node:path';

import { makeBadFiles } from './bad-files.ts';
import { percentile } from './figure.ts';
import type { Benchmark, BenchOptions, Figure } from './figure.ts';
import { openPlatform } from './platform-client.ts';
import type { PlatformClient } from './platform-client.ts';

const VERDICT_DEADLINE_MS = 120_000;

export const verdictBenchmark: Benchmark = {
  name: 'verdict',
  title: 'How long a bad file waits for its verdict, through the whole platform',
  programs: ['ffmpeg', 'ffprobe'],
  run: async (options) => {
    const platform = await openPlatform(join(options.folder, 'platform'));
    try {
      return await measure(platform, options);
    } finally {
      await platform.stop();
    }
  },
};

interface Wait {
  readonly name: string;
  readonly seconds: number;
}

/** One after another: what is measured is the way of one file, not the length of a queue. */
async function measure(platform: PlatformClient, options: BenchOptions): Promise<Figure[]> {
  const files = await makeBadFiles(join(options.folder, 'bad-files'));
  const wanted = options.quick ? files.filter((_, index) => index % 4 === 0) : files;
  await waitOf(platform, files[0] ?? '');
  const waits: Wait[] = [];
  for (const file of wanted) waits.push(await waitOf(platform, file));
  const slowest = waits.toSorted((a, b) => b.seconds - a.seconds).slice(0, 3);
  for (const { name, seconds } of slowest) options.say(`${name}: ${seconds.toFixed(2)} s`);
  const seconds = waits.map((wait) => wait.seconds);
  const names = slowest.map((wait) => `${wait.name} ${wait.seconds.toFixed(2)}`).join(', ');
  return [
    {
      name: `verdict on a bad file after its last byte, p99 of ${seconds.length}`,
      values: [percentile(seconds, 0.99)],
      worst: true,
      limit: 1.5,
      unit: 's',
      note: `median ${percentile(seconds, 0.5).toFixed(2)} s; slowest: ${names}`,
    },
  ];
}

/** Throws when the file was not refused: that would be another mistake, and a slow one. */
async function waitOf(platform: PlatformClient, file: string): Promise<Wait> {
  const upload = await platform.upload(file, VERDICT_DEADLINE_MS);
  const name = basename(file);
  if (upload.video.status.state !== 'error') throw new Error(`${name} was not refused`);
  return { name, seconds: upload.settledSeconds - upload.uploadSeconds };
}
