import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { ffmpeg } from './ffmpeg.ts';

const MOVING = ['-f', 'lavfi', '-i', 'testsrc2=size=320x180:rate=30:duration=3'];
const H264 = ['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p', '-g', '30'];

/** Files that are no video although they look like one, from one byte to some megabytes; the same on every machine. */
export async function makeBadFiles(folder: string): Promise<string[]> {
  await mkdir(folder, { recursive: true });
  await ffmpeg(folder, [...MOVING, ...H264, 'good.mp4']);
  const good = await readFile(join(folder, 'good.mp4'));
  const files = { ...texts(), ...headsOnly(), ...noise(), ...cutShort(good), ...damaged(good) };
  return Promise.all(
    Object.entries(files).map(async ([name, bytes]) => {
      const file = join(folder, name);
      await writeFile(file, bytes);
      return file;
    }),
  );
}

function texts(): Record<string, Buffer> {
  const playlist =
    '#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n';
  return {
    'one-byte.mp4': Buffer.from('x'),
    'text.mp4': Buffer.from('This is no video, it only says so.\n'.repeat(100)),
    'long-text.mov': Buffer.from('This is no video, it only says so.\n'.repeat(100_000)),
    'page.mp4': Buffer.from('<!doctype html><title>404</title><p>Not found'),
    'picture.svg.mp4': Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"><rect/></svg>'),
    'playlist.mp4': Buffer.from(playlist),
    'concat.mp4': Buffer.from("ffconcat version 1.0\nfile '/etc/passwd'\n"),
    'table.mkv': Buffer.from('a;b;c\n1;2;3\n'.repeat(5000)),
  };
}

/** The first bytes of a format and nothing that follows from them. */
function headsOnly(): Record<string, Buffer> {
  const heads: Readonly<Record<string, string>> = {
    'archive.mp4': '504b0304140000000800',
    'picture.png.mp4': '89504e470d0a1a0a0000000d49484452',
    'matroska.mkv': '1a45dfa3a342868101428482',
    'flash.flv': '464c5601050000000900000000',
    'riff.avi': '524946460010000041564920',
    'transport.ts': '474000100000b00d0001c10000',
    'ogg.mp4': '4f67675300020000000000000000',
    'elf.mp4': '7f454c4602010100',
  };
  return Object.fromEntries(
    Object.entries(heads).map(([name, hex]) => [
      name,
      Buffer.concat([Buffer.from(hex, 'hex'), bytesOf(name, 50_000)]),
    ]),
  );
}

function noise(): Record<string, Buffer> {
  return Object.fromEntries(
    [100, 10_000, 200_000, 4_000_000].map((size) => [
      `noise-${size}.mp4`,
      bytesOf(`noise ${size}`, size),
    ]),
  );
}

/** The index of this file is at its end, so that each of these is without one. */
function cutShort(good: Buffer): Record<string, Buffer> {
  return Object.fromEntries(
    [5, 10, 25, 50, 75, 90].map((percent) => [
      `cut-${percent}.mp4`,
      good.subarray(0, Math.floor((good.length * percent) / 100)),
    ]),
  );
}

/** Whole boxes with nonsense in them. */
function damaged(good: Buffer): Record<string, Buffer> {
  const index = good.lastIndexOf('moov') - 4;
  const media = good.indexOf('mdat') + 4;
  const over = (start: number, end: number, name: string): Buffer =>
    Buffer.concat([good.subarray(0, start), bytesOf(name, end - start), good.subarray(end)]);
  const renamed = (box: string): Buffer => {
    const copy = Buffer.from(good);
    copy.write('junk', copy.lastIndexOf(box), 'latin1');
    return copy;
  };
  return {
    'no-media.mp4': over(media, index, 'no media'),
    'no-index.mp4': over(index + 8, good.length, 'no index'),
    'index-without-tracks.mp4': renamed('trak'),
    'index-without-tables.mp4': renamed('stbl'),
    'index-without-codec.mp4': renamed('stsd'),
    'unknown-codec.mp4': renamed('avc1'),
    'head-only.mp4': good.subarray(0, media),
  };
}

/** As many bytes as wanted, always the same for a name, and without any pattern. */
function bytesOf(name: string, length: number): Buffer {
  return createHash('shake256', { outputLength: length }).update(name).digest();
}
