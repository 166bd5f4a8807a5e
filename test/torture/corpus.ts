import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { ffmpeg } from '../unit/encoder-harness.ts';

const PICTURE = ['-f', 'lavfi', '-i', 'testsrc2=s=96x64:r=25:d=1.2'];
const SOUND = ['-f', 'lavfi', '-i', 'sine=sample_rate=44100:d=1.2'];
const H264 = ['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p', '-g', '10'];
const AAC = ['-c:a', 'aac', '-b:a', '48k'];

const RECIPES: Readonly<Record<string, readonly string[]>> = {
  'h264.mp4': [...H264, ...AAC],
  'faststart.mp4': [...H264, ...AAC, '-movflags', '+faststart'],
  'fragmented.mp4': [...H264, ...AAC, '-movflags', '+frag_keyframe+empty_moov'],
  'mpeg4.mov': ['-c:v', 'mpeg4', '-c:a', 'pcm_s16le'],
  'h264.mkv': [...H264, '-c:a', 'flac'],
  'mjpeg.avi': ['-c:v', 'mjpeg', '-pix_fmt', 'yuvj420p', '-c:a', 'pcm_s16le'],
  'mpeg4.avi': ['-c:v', 'mpeg4', '-c:a', 'mp2'],
  'h264.ts': [...H264, ...AAC],
  'h264.flv': [...H264, ...AAC],
  'mpeg2.mpg': ['-c:v', 'mpeg2video', '-c:a', 'mp2', '-f', 'vob'],
  'sound.m4a': ['-vn', ...AAC],
};

/** Small good files, one a container, made with ffmpeg's own encoders and x264. */
export async function makeCorpus(folder: string): Promise<ReadonlyMap<string, Buffer>> {
  const corpus = new Map<string, Buffer>();
  for (const [name, args] of Object.entries(RECIPES)) {
    await ffmpeg(folder, ...PICTURE, ...SOUND, ...args, name);
    corpus.set(name, await readFile(join(folder, name)));
  }
  return corpus;
}
