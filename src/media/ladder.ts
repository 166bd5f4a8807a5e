import type {
  AudioFacts,
  AudioRendition,
  Rational,
  VideoFacts,
  VideoRendition,
} from '../contracts/media.ts';
import { RUNG_NAMES } from '../contracts/profile.ts';
import type { VideoCodec } from '../contracts/profile.ts';

interface Rung {
  readonly name: string;
  /** Longer and shorter side of the 16:9 box that the picture must fit. */
  readonly long: number;
  readonly short: number;
  readonly maxBitrateBps: number;
}

const RUNGS: readonly Rung[] = [
  { name: '2160p', long: 3840, short: 2160, maxBitrateBps: 16_000_000 },
  { name: '1440p', long: 2560, short: 1440, maxBitrateBps: 9_000_000 },
  { name: '1080p', long: 1920, short: 1080, maxBitrateBps: 5_000_000 },
  { name: '720p', long: 1280, short: 720, maxBitrateBps: 2_800_000 },
  { name: '480p', long: 854, short: 480, maxBitrateBps: 1_400_000 },
  { name: '360p', long: 640, short: 360, maxBitrateBps: 800_000 },
  { name: '240p', long: 426, short: 240, maxBitrateBps: 400_000 },
];

/** A source a few pixels under a rung (cropped, odd) still gets it, at its own size. */
const NEAR_ENOUGH = 1.05;
const MIN_SIDE = 16;

/** H.264 levels: most macroblocks a frame and a second (ITU-T H.264 table A-1). */
const LEVELS: readonly {
  readonly level: number;
  readonly frame: number;
  readonly second: number;
}[] = [
  { level: 30, frame: 1620, second: 40_500 },
  { level: 31, frame: 3600, second: 108_000 },
  { level: 32, frame: 5120, second: 216_000 },
  { level: 40, frame: 8192, second: 245_760 },
  { level: 42, frame: 8704, second: 522_240 },
  { level: 50, frame: 22_080, second: 589_824 },
  { level: 51, frame: 36_864, second: 983_040 },
];
const HIGHEST_LEVEL = 52;

/**
 * The renditions of a source, highest first: every wanted rung that the source fills, aspect kept, sides even. One of
 * its own size when it fills none of them.
 */
export function planVideoLadder(
  video: VideoFacts,
  wanted: readonly string[] = RUNG_NAMES,
): VideoRendition[] {
  const long = Math.max(video.width, video.height);
  const short = Math.min(video.width, video.height);
  const { maxShortSide = Infinity } = video;
  const filled = RUNGS.filter(
    (rung) =>
      wanted.includes(rung.name) &&
      rung.short <= maxShortSide &&
      scaleTo(rung, long, short) <= NEAR_ENOUGH,
  );
  if (filled.length > 0)
    return filled.map((rung) => renditionOf(rung, video, scaleTo(rung, long, short)));
  const lowest = { name: `${evenSide(short, short)}p`, long, short, maxBitrateBps: 400_000 };
  return [renditionOf(lowest, video, 1)];
}

/** How many bits another codec needs for the same picture, beside H.264. */
const CODEC_SHARE = { h264: 1, hevc: 0.7, av1: 0.6 } as const;
const OTHER_CODEC_RUNGS = 2;

/** The largest renditions once more in another codec, where it saves the most bytes. */
export function planOtherCodec(
  ladder: readonly VideoRendition[],
  codec: Exclude<VideoCodec, 'h264'>,
): VideoRendition[] {
  return ladder.slice(0, OTHER_CODEC_RUNGS).map((rendition) => ({
    ...rendition,
    name: `${rendition.name}${codec}`,
    codec,
    maxBitrateBps: Math.round(rendition.maxBitrateBps * CODEC_SHARE[codec]),
  }));
}

/** AAC-LC: mono stays mono, everything else becomes stereo; 44.1 kHz stays, everything else becomes 48 kHz. */
export function planAudioRendition(audio: AudioFacts): AudioRendition {
  const channels = audio.channels === 1 ? 1 : 2;
  return {
    name: audioName('audio', audio),
    codec: 'aac',
    channels,
    sampleRate: audio.sampleRate === 44_100 ? 44_100 : 48_000,
    bitrateBps: channels === 1 ? 80_000 : 128_000,
  };
}

/** Surround sound that players may take as it is, beside the stereo of {@link planAudioRendition}. */
export function planSurroundRendition(audio: AudioFacts): AudioRendition | undefined {
  const { codec, channels, sampleRate } = audio;
  if (channels <= 2 || (codec !== 'ac3' && codec !== 'eac3')) return undefined;
  return { name: audioName('surround', audio), codec, channels, sampleRate, bitrateBps: 640_000 };
}

/** `audio`, `audio2`, … */
function audioName(kind: string, { track }: AudioFacts): string {
  return track === 0 ? kind : `${kind}${track + 1}`;
}

function scaleTo(rung: Rung, long: number, short: number): number {
  return Math.min(rung.long / long, rung.short / short);
}

function renditionOf(rung: Rung, video: VideoFacts, scale: number): VideoRendition {
  const factor = Math.min(1, scale);
  const width = evenSide(video.width * factor, video.width);
  const height = evenSide(video.height * factor, video.height);
  return {
    name: rung.name,
    width,
    height,
    maxBitrateBps: rung.maxBitrateBps,
    level: levelOf(width, height, video.frameRate),
  };
}

/** The nearest even number that is not above the source's side; H.264 4:2:0 has no odd sides. */
function evenSide(side: number, sourceSide: number): number {
  return Math.max(MIN_SIDE, Math.min(Math.round(side / 2), Math.floor(sourceSide / 2)) * 2);
}

function levelOf(width: number, height: number, rate: Rational): number {
  const [across, down] = [Math.ceil(width / 16), Math.ceil(height / 16)];
  const frame = across * down;
  const second = (frame * rate.numerator) / rate.denominator;
  const longest = Math.max(across, down);
  // A.3.1: neither side may be longer than the root of eight times the frame.
  const fits = (row: (typeof LEVELS)[number]): boolean =>
    frame <= row.frame && second <= row.second && longest <= Math.sqrt(8 * row.frame);
  return LEVELS.find(fits)?.level ?? HIGHEST_LEVEL;
}
