import { join } from 'node:path';

import type { AudioRendition, SourceFacts, VideoRendition } from '../../src/contracts/media.ts';
import { videoArguments } from '../../src/media/ffmpeg-arguments.ts';
import { planAudioRendition, planVideoLadder } from '../../src/media/ladder.ts';
import { totalFrames } from '../../src/media/timeline.ts';
import { ffmpeg } from './ffmpeg.ts';
import { childrenCpuSeconds } from './process-usage.ts';

/** What decides quality and cost; taken from the product, so that both sides want the same. */
const QUALITY_OPTIONS = [
  ...['-c:v', '-preset', '-profile:v', '-crf', '-maxrate', '-bufsize', '-g', '-keyint_min'],
  ...['-sc_threshold', '-bf'],
];

export interface DirectUse {
  readonly cpuSeconds: number;
  readonly wallSeconds: number;
}

/**
 * The ladder as one command, which is the limit of what this machine can do: one decode, scaled in a cascade,
 * sound beside it, threads as ffmpeg chooses them. Writes `{rendition}.mp4` into the folder.
 */
export async function runDirect(
  source: string,
  facts: SourceFacts,
  folder: string,
): Promise<DirectUse> {
  const cpuBefore = await childrenCpuSeconds();
  const startedAt = performance.now();
  await ffmpeg(folder, directArguments(source, facts, folder));
  return {
    wallSeconds: (performance.now() - startedAt) / 1000,
    cpuSeconds: (await childrenCpuSeconds()) - cpuBefore,
  };
}

function directArguments(source: string, facts: SourceFacts, folder: string): string[] {
  const { video, audio } = facts;
  if (video === undefined) throw new Error('the source of a benchmark has a picture');
  const ladder = planVideoLadder(video);
  const whole = [{ start: 0, end: totalFrames(video) }];
  const product = videoArguments(
    { facts: video, renditions: ladder, segments: whole, isLast: true },
    undefined,
    1,
  );
  const [track] = audio;
  const sound = track && planAudioRendition(track);
  return [
    ['-i', source, '-filter_complex', cascade(ladder)],
    ...ladder.map((rendition, index) => [
      ...['-map', `[v${index}]`, ...optionsOf(product, index)],
      ...['-movflags', '+frag_keyframe+empty_moov', join(folder, `${rendition.name}.mp4`)],
    ]),
    sound === undefined ? [] : audioOutput(sound, folder),
  ].flat();
}

function audioOutput(sound: AudioRendition, folder: string): string[] {
  return [
    ...['-map', '0:a:0', '-c:a', 'aac', '-b:a', String(sound.bitrateBps)],
    ...['-ac', String(sound.channels), '-ar', String(sound.sampleRate)],
    ...['-movflags', '+frag_keyframe+empty_moov', join(folder, `${sound.name}.mp4`)],
  ];
}

/** The highest rendition is the source's own size, so only those below it are scaled, each from the one above. */
function cascade(ladder: readonly VideoRendition[]): string {
  return ladder
    .map(({ width, height }, index) => {
      const input = index === 0 ? '[0:v:0]' : `[s${index}]scale=${width}:${height}:flags=bicubic,`;
      const isLast = index === ladder.length - 1;
      return `${input}${isLast ? 'null' : `split=2`}[v${index}]${isLast ? '' : `[s${index + 1}]`}`;
    })
    .join(';');
}

/** The quality options of the product's output of this number. Throws when one is not there: the two would differ. */
function optionsOf(product: readonly string[], output: number): string[] {
  return QUALITY_OPTIONS.flatMap((name) => {
    const at = product.flatMap((word, index) => (word === name ? [index] : []))[output];
    const value = at === undefined ? undefined : product[at + 1];
    if (value === undefined) throw new Error(`the product's arguments have no ${name}`);
    return [name, value];
  });
}
