import * as HLS from 'hls-parser';
import { Parser } from 'm3u8-parser';

import type { Published } from './transcode.ts';
import { nalTypes, readTrack } from './read-rendition.ts';
import type { Packet, ReadTrack } from './read-rendition.ts';

/** One media playlist with everything that it names. */
export interface ReadRendition {
  readonly uri: string;
  readonly extinf: readonly number[];
  readonly targetDuration: number;
  readonly segmentBytes: readonly number[];
  /** The joined init and segments. */
  readonly file: Buffer;
  readonly track: ReadTrack;
  /** Each segment behind the init, alone. */
  readonly segments: readonly ReadTrack[];
}

/** What a player finds behind a multivariant playlist. */
export interface ReadStream {
  readonly variants: readonly ReadVariant[];
  readonly renditions: readonly ReadRendition[];
}

interface ReadVariant {
  readonly variant: HLS.types.Variant;
  readonly video: ReadRendition;
  readonly audio: readonly ReadRendition[];
}

/** A rule that a stream breaks, with its source. */
export type Breach = string;

/** EXTINF has six decimals, so that rates measured by it are a little off. */
const ROUNDED_DURATIONS = 1 - 1e-5;
const LATE_SECONDS = 0.000_6;
const KEY_DISTANCE_SECONDS = 2.1;
const IDR = 5;

/** Reads every playlist with two parsers and every segment with an independent demuxer. */
export async function readStream(published: Published): Promise<ReadStream> {
  const master = HLS.parse(published.multivariant);
  if (!master.isMasterPlaylist) throw new Error('not a multivariant playlist');
  const read = new Map<string, ReadRendition>();
  const fetchOnce = async (uri: string): Promise<ReadRendition> => {
    const known = read.get(uri) ?? (await readRendition(published, uri));
    read.set(uri, known);
    return known;
  };
  const variants: ReadVariant[] = [];
  for (const variant of master.variants.filter((each) => each.isIFrameOnly !== true)) {
    const audio: ReadRendition[] = [];
    for (const { uri } of variant.audio) if (uri !== undefined) audio.push(await fetchOnce(uri));
    variants.push({ variant, video: await fetchOnce(variant.uri), audio });
  }
  return { variants, renditions: [...read.values()] };
}

async function readRendition({ fetch }: Published, uri: string): Promise<ReadRendition> {
  const playlist = HLS.parse(fetch(uri).toString());
  if (playlist.isMasterPlaylist) throw new Error(`${uri} is not a media playlist`);
  const at = (name: string): Buffer => fetch(uri.replace('playlist.m3u8', name));
  const init = at(playlist.segments[0]?.map?.uri ?? 'no EXT-X-MAP');
  const bytes = playlist.segments.map((segment) => at(segment.uri));
  const segments: ReadTrack[] = [];
  for (const each of bytes) segments.push(await readTrack(Buffer.concat([init, each])));
  const file = Buffer.concat([init, ...bytes]);
  return {
    uri,
    extinf: playlist.segments.map(({ duration }) => duration),
    targetDuration: playlist.targetDuration,
    segmentBytes: bytes.map(({ length }) => length),
    file,
    track: await readTrack(file),
    segments,
  };
}

/** The rules of RFC 8216 and of Apple's authoring specification that this stream breaks; empty when it keeps all. */
export function findBreaches(published: Published, stream: ReadStream): Breach[] {
  return [
    ...parserBreaches(published, stream),
    ...stream.renditions.flatMap((rendition) => [
      ...playlistBreaches(published.fetch(rendition.uri).toString(), rendition),
      ...segmentBreaches(rendition),
    ]),
    ...stream.variants.flatMap((variant) => variantBreaches(variant)),
    ...alignmentBreaches(stream),
  ];
}

/** Both parsers must read the same: variants, groups, segments and durations. */
function parserBreaches({ multivariant, fetch }: Published, stream: ReadStream): Breach[] {
  const other = parseAgain(multivariant);
  const uris = stream.variants.map(({ variant }) => variant.uri);
  const same = other.playlists?.map(({ uri }) => uri) ?? [];
  return [
    ...unless(String(same) === String(uris), `the parsers find other variants: ${String(same)}`),
    ...stream.renditions.flatMap(({ uri, extinf }) => {
      const durations = parseAgain(fetch(uri).toString()).segments.map(({ duration }) => duration);
      return unless(String(durations) === String(extinf), `${uri}: the parsers differ`);
    }),
  ];
}

function parseAgain(text: string): Parser['manifest'] {
  const parser = new Parser();
  parser.push(text);
  parser.end();
  return parser.manifest;
}

function playlistBreaches(text: string, { uri, extinf, targetDuration }: ReadRendition): Breach[] {
  const manifest = parseAgain(text);
  const count = (tag: string): number =>
    text.split('\n').filter((line) => line.startsWith(tag)).length;
  return [
    ...unless(text.startsWith('#EXTM3U\n'), `${uri}: §4.3.1.1 does not begin with EXTM3U`),
    ...unless(count('#EXT-X-VERSION:7') === 1, `${uri}: §7 EXT-X-MAP wants version 6 or more`),
    ...unless(manifest.endList === true, `${uri}: §4.3.3.4 no ENDLIST`),
    ...unless(manifest.playlistType === 'VOD', `${uri}: Apple 8.12 type is not VOD`),
    ...unless(count('#EXT-X-MAP') === 1, `${uri}: Apple 3: not one init segment`),
    ...unless(count('#EXT-X-DISCONTINUITY') === 0, `${uri}: Apple 8: discontinuity`),
    ...unless(count('#EXT-X-INDEPENDENT-SEGMENTS') === 1, `${uri}: Apple 9.13 not independent`),
    ...unless(Number.isInteger(targetDuration), `${uri}: §4.3.3.1 TARGETDURATION is no integer`),
    ...extinf.flatMap((seconds, n) =>
      unless(
        Math.round(seconds) <= targetDuration,
        `${uri} ${n}: §4.3.3.1 EXTINF ${seconds} over TARGETDURATION`,
      ),
    ),
  ];
}

function segmentBreaches(rendition: ReadRendition): Breach[] {
  const { uri, extinf, segments, track } = rendition;
  const origin = segments[0]?.packets[0]?.seconds ?? Number.NaN;
  let reached = origin;
  const breaches: Breach[] = [];
  for (const [n, { packets, kind }] of segments.entries()) {
    const where = `${uri} ${n}`;
    const seconds = packets.reduce((sum, { durationSeconds }) => sum + durationSeconds, 0);
    const promised = extinf[n] ?? Number.NaN;
    breaches.push(
      ...unless(
        isNear(seconds, promised),
        `${where}: §4.3.2.1 EXTINF ${promised}, lasts ${seconds}`,
      ),
      ...unless(isNear(firstShown(packets), reached), `${where}: a gap or overlap at ${reached}`),
      ...(kind === 'video' ? keyBreaches(where, packets) : []),
    );
    reached += seconds;
  }
  const packets = segments.reduce((sum, segment) => sum + segment.packets.length, 0);
  breaches.push(
    ...unless(
      packets === track.packets.length,
      `${uri}: joined ${track.packets.length} packets, apart ${packets}`,
    ),
    ...stepBreaches(uri, track),
  );
  return breaches;
}

/** RFC 8216 §4.3.4.? INDEPENDENT-SEGMENTS, Apple 1.?: IDR at the start, one at least every two seconds. */
function keyBreaches(where: string, packets: readonly Packet[]): Breach[] {
  const [first] = packets;
  const keys = packets.filter(({ isKey }) => isKey).map(({ seconds }) => seconds);
  const end = Math.max(...packets.map((packet) => packet.seconds + packet.durationSeconds));
  const gaps = [...keys, end].map((at, n, all) => at - (all[n - 1] ?? at));
  return [
    ...unless(first?.isKey ?? false, `${where}: does not begin with a key frame`),
    ...unless(
      first !== undefined && nalTypes(first.bytes).includes(IDR),
      `${where}: does not begin with an IDR`,
    ),
    ...unless(
      packets.every(({ isKey, bytes }) => isKey === nalTypes(bytes).includes(IDR)),
      `${where}: the key frames of the container are not those of the stream`,
    ),
    ...unless(
      Math.max(...gaps) <= KEY_DISTANCE_SECONDS,
      `${where}: Apple 1.10 key frames too far apart`,
    ),
  ];
}

/** Presentation times of a whole track stand one frame apart: nothing is lost, doubled or moved at a joint. */
function stepBreaches(uri: string, { packets }: ReadTrack): Breach[] {
  const shown = packets.map(({ seconds }) => seconds).toSorted((a, b) => a - b);
  const step = packets[0]?.durationSeconds ?? Number.NaN;
  const bad = shown.findIndex((at, n) => n > 0 && !isNear(at - (shown[n - 1] ?? 0), step));
  return unless(bad === -1, `${uri}: packet ${bad} is not one step after the one before`);
}

function variantBreaches({ variant, video, audio }: ReadVariant): Breach[] {
  const { uri, bandwidth, averageBandwidth, resolution, codecs = '', frameRate } = variant;
  const { track } = video;
  const wanted = new Set([...audio.map((each) => each.track.codecString), codecOf(track)]);
  const named = new Set(codecs.split(','));
  const loudest = (of: (one: ReadRendition) => number): number => Math.max(0, ...audio.map(of));
  const isSoundAlone = track.kind === 'audio';
  // Of sound alone the variant is one member of its group: only one of them plays.
  const total = (of: (one: ReadRendition) => number): number =>
    isSoundAlone ? Math.max(of(video), loudest(of)) : of(video) + loudest(of);
  const peak = total(peakOf);
  const average = total(averageOf);
  return [
    ...unless(
      String([...named].toSorted()) === String([...wanted].toSorted()),
      `${uri}: CODECS "${codecs}", found ${String([...wanted])}`,
    ),
    ...unless(
      bandwidth >= peak * ROUNDED_DURATIONS - 1 * ROUNDED_DURATIONS - 1,
      `${uri}: §4.3.4.2 BANDWIDTH ${bandwidth} under the peak ${peak}`,
    ),
    ...unless(
      bandwidth <= peak * 1.1 + 1,
      `${uri}: Apple 8: BANDWIDTH ${bandwidth} far over the peak ${peak}`,
    ),
    ...unless(
      averageBandwidth !== undefined && Math.abs(averageBandwidth - average) <= average * 0.1,
      `${uri}: AVERAGE-BANDWIDTH ${averageBandwidth}, measured ${average}`,
    ),
    ...(isSoundAlone
      ? []
      : [
          ...unless(
            resolution?.width === track.width && resolution?.height === track.height,
            `${uri}: RESOLUTION is not ${track.width}x${track.height}`,
          ),
          ...unless(
            frameRate !== undefined &&
              Math.abs(frameRate - 1 / (track.packets[0]?.durationSeconds ?? 1)) < 0.001,
            `${uri}: FRAME-RATE ${frameRate}`,
          ),
        ]),
  ];
}

/** RFC 6381: `avc1.` and bytes 1 to 3 of `avcC`. */
function codecOf({ codecString, description }: ReadTrack): string {
  if (!codecString.startsWith('avc1')) return codecString;
  return `avc1.${Buffer.from(description.subarray(1, 4)).toString('hex').toUpperCase()}`;
}

/** Boundaries of all pictures are the same; those of the sound are at most one frame away. */
function alignmentBreaches({ renditions }: ReadStream): Breach[] {
  const edges = ({ extinf }: ReadRendition): string => extinf.map((each) => each.toFixed(6)).join();
  const pictures = renditions.filter(({ track }) => track.kind === 'video');
  const [first] = pictures;
  return pictures.flatMap((each) =>
    unless(first !== undefined && edges(each) === edges(first), `${each.uri}: other boundaries`),
  );
}

function peakOf({ segmentBytes, extinf }: ReadRendition): number {
  return Math.max(...segmentBytes.map((bytes, n) => (bytes * 8) / (extinf[n] ?? 1)));
}

function averageOf({ segmentBytes, extinf }: ReadRendition): number {
  const bits = segmentBytes.reduce((sum, bytes) => sum + bytes * 8, 0);
  return bits / extinf.reduce((sum, seconds) => sum + seconds, 0);
}

function firstShown(packets: readonly Packet[]): number {
  return Math.min(...packets.map(({ seconds }) => seconds));
}

function isNear(a: number, b: number): boolean {
  return Math.abs(a - b) <= LATE_SECONDS;
}

function unless(isKept: boolean, breach: Breach): Breach[] {
  return isKept ? [] : [breach];
}
