import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { parse } from 'hls-parser';
import type { types } from 'hls-parser';

import type { EncoderEngine } from '../containers/transcoder/engine.ts';
import { countFrames } from './count-frames.ts';

export interface CheckedRendition {
  readonly name: string;
  readonly codecs: string;
  readonly resolution?: string;
  /** As the playlist says it, three decimals. */
  readonly frameRate?: string;
  readonly bandwidth?: number;
  readonly segments: number;
  readonly seconds: number;
  /** Decoded by ffmpeg from the joined init and media segments. */
  readonly frames: number;
  readonly bytes: number;
}

interface MediaAddress {
  readonly url: string;
  readonly codecs: string;
  readonly variant?: types.Variant;
}

/** Fetches every playlist and segment as a player would and decodes each rendition. Throws a sentence at the first fault. */
export async function checkPlayback(
  hlsUrl: string,
  engine: EncoderEngine,
): Promise<CheckedRendition[]> {
  const master = parse(await fetchText(hlsUrl));
  if (!master.isMasterPlaylist) throw new Error('the multivariant playlist is not one');
  const { variants } = master;
  const addresses = new Map<string, MediaAddress>();
  for (const variant of variants.filter(({ isIFrameOnly }) => !isIFrameOnly)) {
    const url = new URL(variant.uri, hlsUrl).href;
    addresses.set(url, { url, codecs: variant.codecs ?? '', variant });
    for (const audio of variant.audio) {
      if (audio.uri === undefined) continue;
      const audioUrl = new URL(audio.uri, hlsUrl).href;
      if (!addresses.has(audioUrl)) addresses.set(audioUrl, { url: audioUrl, codecs: 'mp4a.40.2' });
    }
  }
  const checked: CheckedRendition[] = [];
  for (const address of addresses.values()) checked.push(await checkRendition(address, engine));
  // Pictures from the highest down, then the sound.
  return checked.toSorted(
    (a, b) => Number(b.resolution !== undefined) - Number(a.resolution !== undefined),
  );
}

async function checkRendition(
  address: MediaAddress,
  engine: EncoderEngine,
): Promise<CheckedRendition> {
  const playlist = parse(await fetchText(address.url));
  if (playlist.isMasterPlaylist) throw new Error(`${address.url} is not a media playlist`);
  const { segments, endlist } = playlist;
  if (!endlist) throw new Error(`${address.url} has no end`);
  const mapUri = segments[0]?.map?.uri;
  if (mapUri === undefined) throw new Error(`${address.url} names no init segment`);
  const parts = [await fetchBytes(new URL(mapUri, address.url).href)];
  for (const segment of segments)
    parts.push(await fetchBytes(new URL(segment.uri, address.url).href));
  const folder = await mkdtemp(join(tmpdir(), 'streamgate-check-'));
  try {
    const file = join(folder, 'joined.mp4');
    await writeFile(file, Buffer.concat(parts));
    const frames = await countFrames(engine, file);
    const { variant } = address;
    const resolution = variant?.resolution;
    return {
      name: new URL(address.url).pathname.split('/').at(-2) ?? '',
      codecs: address.codecs,
      ...(resolution && { resolution: `${resolution.width}x${resolution.height}` }),
      ...(variant && { bandwidth: variant.bandwidth }),
      ...(variant?.frameRate !== undefined && { frameRate: variant.frameRate.toFixed(3) }),
      segments: segments.length,
      seconds: segments.reduce((sum, { duration }) => sum + duration, 0),
      frames,
      bytes: parts.reduce((sum, { length }) => sum + length, 0),
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function fetchText(url: string): Promise<string> {
  return (await fetchBytes(url)).toString();
}

async function fetchBytes(url: string): Promise<Buffer> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${await response.text()}`);
  return Buffer.from(await response.arrayBuffer());
}
