import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, test } from 'vitest';

import type { AudioFacts, SegmentSpan } from '../../src/contracts/media.ts';
import { readInit } from '../../src/media/codec-string.ts';
import { planSurroundRendition } from '../../src/media/ladder.ts';
import { planAudioSegments } from '../../src/media/timeline.ts';
import { readFragmentHeader } from '../../src/media/fmp4-fragment.ts';
import {
  encode,
  ffmpeg,
  probe,
  saveJoined,
  startEncoder,
  totalAudioFrames,
} from './encoder-harness.ts';
import type { Encoder } from './encoder-harness.ts';

const PRIMING = 1024;

let folder: string;
let encoder: Encoder;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'encoder-audio-'));
  encoder = await startEncoder(folder);
});
afterAll(async () => {
  await encoder.close();
  await rm(folder, { recursive: true, force: true });
});

const PICTURE = ['-f', 'lavfi', '-i', 'color=black:s=64x64:r=25:d=4'];
/** Silence, then one second of a tone, then silence. */
const BEEP = ['-f', 'lavfi', '-i', "aevalsrc='if(between(t,1,2),sin(2*PI*997*t),0)':s=48000:d=4"];
const OUT = ['-c:v', 'libx264', '-preset', 'ultrafast', '-fps_mode', 'passthrough'];

interface Sound {
  readonly facts: AudioFacts;
  readonly frames: number;
  /** Seconds on the presentation timeline at which the tone begins. */
  readonly onset: number;
}

/** Encodes the file's sound in 2 s segments and looks for the tone in what a player would hear. */
async function encodeSound(file: string, sampleRate = 48_000, channels = 2): Promise<Sound> {
  const source = await readFile(join(folder, file));
  const facts = await probe(encoder, source);
  const [audio] = facts.audio;
  if (audio === undefined) throw new Error('no audio');
  const frames = totalAudioFrames(audio, sampleRate);
  const segments: SegmentSpan[] = [];
  for (let start = 0; start < frames; start += 94) {
    segments.push({ start, end: Math.min(frames, start + 94) });
  }
  const [sound] = await encode(encoder, source, {
    kind: 'audio',
    facts: audio,
    segments,
    rendition: { name: 'audio', codec: 'aac', channels, sampleRate, bitrateBps: 128_000 },
  });
  if (sound === undefined) throw new Error('no output');
  const headers = sound.segments.map((segment) => readFragmentHeader(segment));
  expect(headers.map((header) => header.baseMediaDecodeTime)).toEqual(
    segments.map(({ start }) => start * 1024),
  );
  expect(headers.map((header) => header.durationTicks)).toEqual(
    segments.map(({ start, end }) => (end - start) * 1024),
  );
  expect(readInit(sound.init)).toMatchObject({
    codecs: 'mp4a.40.2',
    timescale: sampleRate,
    mediaTime: PRIMING,
    channels,
  });
  await saveJoined(join(folder, 'sound.mp4'), sound.init, sound.segments);
  return { facts: audio, frames, onset: await findOnset(sampleRate) };
}

async function findOnset(sampleRate: number): Promise<number> {
  // Decodes all samples, the priming ones included, and hides those as the edit list says.
  const args = ['-ignore_editlist', '1', '-i', 'sound.mp4', '-ac', '1', '-f', 's16le', 'sound.raw'];
  await ffmpeg(folder, ...args);
  const bytes = await readFile(join(folder, 'sound.raw'));
  const samples = new Int16Array(bytes.buffer, bytes.byteOffset, bytes.byteLength >> 1);
  return (samples.findIndex((sample) => Math.abs(sample) > 8000) - PRIMING) / sampleRate;
}

test('the tone is where it was, and there are as many frames as planned', async () => {
  await ffmpeg(folder, ...PICTURE, ...BEEP, ...OUT, '-c:a', 'aac', '-b:a', '128k', 'a.mp4');
  const { onset, frames } = await encodeSound('a.mp4');
  expect(onset).toBeCloseTo(1, 2);
  expect(frames).toBe(Math.round((4 * 48_000) / 1024) + 1);
});

test.each([
  ['sound that begins 0.7 s after the pictures', ['-itsoffset', '0.7', ...BEEP, ...PICTURE], 1.7],
  ['pictures that begin 0.7 s after the sound', [...BEEP, '-itsoffset', '0.7', ...PICTURE], 1],
])('%s', async (_name, inputs, wanted) => {
  await ffmpeg(folder, ...inputs, ...OUT, '-c:a', 'aac', 'b.mp4');
  const { onset } = await encodeSound('b.mp4');
  expect(Math.abs(onset - wanted)).toBeLessThan(0.02);
});

test.each([
  ['a.ts', ['-c:a', 'mp2', '-output_ts_offset', '9']],
  ['a.webm', ['-c:a', 'libopus', '-c:v', 'libvpx', '-deadline', 'realtime']],
  ['mp3.avi', ['-c:a', 'libmp3lame']],
  ['flac.mkv', ['-c:a', 'flac']],
  ['a.mov', ['-c:a', 'pcm_s16le']],
])('%s keeps the sound in time', async (file, codec) => {
  await ffmpeg(folder, ...PICTURE, ...BEEP, ...OUT, ...codec, file);
  const { onset } = await encodeSound(file);
  // AVI has no room for the encoder's delay.
  expect(Math.abs(onset - 1)).toBeLessThan(file.endsWith('avi') ? 0.06 : 0.025);
});

test('sound alone, six channels and 44.1 kHz become mono', async () => {
  const surround = ['-f', 'lavfi', '-i', 'aevalsrc=0|0|sin(2*PI*997*t)|0|0|0:s=44100:d=3:c=5.1'];
  await ffmpeg(folder, ...surround, '-c:a', 'ac3', '-b:a', '384k', 'surround.mkv');
  const { facts, onset } = await encodeSound('surround.mkv', 44_100, 1);
  expect(facts.channels).toBe(6);
  expect(Math.abs(onset)).toBeLessThan(0.02);
});

test('a hole in the sound is filled with silence', async () => {
  const hole = ['-af', "aselect='not(between(t,0.2,0.6))'", '-c:a', 'pcm_s16le'];
  await ffmpeg(folder, ...PICTURE, ...BEEP, ...OUT, ...hole, 'hole.mkv');
  expect(Math.abs((await encodeSound('hole.mkv')).onset - 1)).toBeLessThan(0.03);
});

test('the second of two tracks is encoded by its number, with its language and title', async () => {
  const tone = ['-f', 'lavfi', '-i', "aevalsrc='if(gte(t,2),sin(2*PI*997*t),0)':s=48000:d=4"];
  await ffmpeg(
    folder,
    ...[...PICTURE, ...BEEP, ...tone, '-map', '0', '-map', '1', '-map', '2', ...OUT, '-c:a', 'aac'],
    ...['-metadata:s:a:0', 'language=eng', '-metadata:s:a:1', 'language=deu'],
    ...['-metadata:s:a:1', 'title=Kommentar', '-disposition:a:0', '0'],
    ...['-disposition:a:1', 'default', 'two.mkv'],
  );
  const { audio } = await probe(encoder, await readFile(join(folder, 'two.mkv')));
  expect(audio).toMatchObject([
    { track: 1, language: 'deu', title: 'Kommentar' },
    { track: 0, language: 'eng' },
  ]);
  // Matroska shows the encoder's delay, and the whole timeline begins with it.
  expect(Math.abs((await encodeSound('two.mkv')).onset - 2)).toBeLessThan(0.025);
});

test('5.1 is offered as it is beside the stereo: every packet once, in place', async () => {
  const surround = ['-f', 'lavfi', '-i', 'aevalsrc=0|0|sin(2*PI*997*t)|0|0|0:s=48000:d=6:c=5.1'];
  await ffmpeg(
    folder,
    ...[
      ...PICTURE,
      '-itsoffset',
      '0.5',
      ...surround,
      ...OUT,
      '-c:a',
      'ac3',
      '-b:a',
      '384k',
      '5.mkv',
    ],
  );
  const source = await readFile(join(folder, '5.mkv'));
  const [facts] = (await probe(encoder, source)).audio;
  const rendition = facts && planSurroundRendition(facts);
  if (facts === undefined || rendition === undefined) throw new Error('no surround sound');
  const segments = planAudioSegments(facts, rendition, [2, 4]);
  const startTick = Math.round(facts.startSeconds * 48_000);
  const [sound] = await encode(encoder, source, {
    ...{ kind: 'audio', facts, rendition, segments, startTick },
  });
  if (sound === undefined) throw new Error('no output');
  expect(readInit(sound.init)).toMatchObject({ codecs: 'ac-3', timescale: 48_000, mediaTime: 0 });
  const times = sound.segments.map((segment) => readFragmentHeader(segment).baseMediaDecodeTime);
  expect(times).toEqual(segments.map(({ start }) => startTick + start * 1536));
  await saveJoined(join(folder, 'five.mp4'), sound.init, sound.segments);
  await ffmpeg(folder, '-i', '5.mkv', '-map', '0:a', '-c', 'copy', '-f', 'ac3', 'source.ac3');
  await ffmpeg(folder, '-i', 'five.mp4', '-c', 'copy', '-f', 'ac3', 'copied.ac3');
  const [before, after] = await Promise.all(
    ['source.ac3', 'copied.ac3'].map((file) => readFile(join(folder, file))),
  );
  expect(after?.equals(before ?? Buffer.alloc(0))).toBe(true);
});
