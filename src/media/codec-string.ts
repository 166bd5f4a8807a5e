import {
  findBox,
  getBox,
  listBoxes,
  Mp4FormatError,
  readUint64,
  requireBytes,
  viewOf,
} from './mp4-boxes.ts';
import type { Mp4Box } from './mp4-boxes.ts';

/** What a player must know of an init segment. `codecs` is an RFC 6381 string from the real sample entry. */
export interface InitFacts {
  readonly trackId: number;
  readonly timescale: number;
  readonly codecs: string;
  readonly width?: number;
  readonly height?: number;
  readonly channels?: number;
  readonly sampleRate?: number;
  /** Ticks that the edit list cuts off the start: the encoder's priming samples for audio. */
  readonly mediaTime: number;
}

const VISUAL_ENTRY_LENGTH = 78;
const AUDIO_ENTRY_LENGTH = 28;

/** Reads an init segment with exactly one track. Throws {@link Mp4FormatError} when it is not one. */
export function readInit(bytes: Uint8Array): InitFacts {
  const view = viewOf(bytes);
  const moov = getBox(view, ['moov']);
  const tracks = listBoxes(view, moov.bodyStart, moov.end).filter((box) => box.type === 'trak');
  const [track] = tracks;
  if (track === undefined || tracks.length > 1)
    throw new Mp4FormatError('an init segment must hold one track');
  const stsd = getBox(view, ['mdia', 'minf', 'stbl', 'stsd'], track.bodyStart, track.end);
  const [entry] = listBoxes(view, stsd.bodyStart + 8, stsd.end);
  if (entry === undefined) throw new Mp4FormatError('an init segment has no sample entry');
  return {
    trackId: readTrackId(view, getBox(view, ['tkhd'], track.bodyStart, track.end)),
    timescale: readTimescale(view, getBox(view, ['mdia', 'mdhd'], track.bodyStart, track.end)),
    mediaTime: readMediaTime(view, findBox(view, ['edts', 'elst'], track.bodyStart, track.end)),
    ...readSampleEntry(view, entry),
  };
}

function readSampleEntry(
  view: DataView,
  entry: Mp4Box,
): Pick<InitFacts, 'codecs' | 'width' | 'height' | 'channels' | 'sampleRate'> {
  const videoCodec = VIDEO_ENTRIES[entry.type];
  if (videoCodec !== undefined) {
    requireBytes(entry, entry.bodyStart, VISUAL_ENTRY_LENGTH);
    return {
      codecs: videoCodec(view, entry),
      width: view.getUint16(entry.bodyStart + 24),
      height: view.getUint16(entry.bodyStart + 26),
    };
  }
  if (entry.type === 'ac-3' || entry.type === 'ec-3') {
    requireBytes(entry, entry.bodyStart, AUDIO_ENTRY_LENGTH);
    return { codecs: entry.type, sampleRate: view.getUint16(entry.bodyStart + 24) };
  }
  if (entry.type === 'mp4a') {
    requireBytes(entry, entry.bodyStart, AUDIO_ENTRY_LENGTH);
    return {
      ...readEsds(view, entry),
      sampleRate: view.getUint16(entry.bodyStart + 24),
    };
  }
  throw new Mp4FormatError(`no codec string is known for "${entry.type}"`);
}

/** RFC 6381 3.3: `avc1.` and the profile, constraint and level bytes of the `avcC`. */
function avcCodec(view: DataView, entry: Mp4Box): string {
  const avcC = getBox(view, ['avcC'], entry.bodyStart + VISUAL_ENTRY_LENGTH, entry.end);
  requireBytes(avcC, avcC.bodyStart, 4);
  const hex = [1, 2, 3].map((index) =>
    view
      .getUint8(avcC.bodyStart + index)
      .toString(16)
      .padStart(2, '0'),
  );
  return `${entry.type}.${hex.join('').toUpperCase()}`;
}

/** ISO/IEC 14496-15 annex E: profile, compatibility flags in reverse order, tier and level, then the constraint bytes without trailing zeros. */
function hevcCodec(view: DataView, entry: Mp4Box): string {
  const { bodyStart: at } = requireConfig(view, entry, 'hvcC', 13);
  const general = view.getUint8(at + 1);
  const space = ['', 'A', 'B', 'C'][general >> 6] ?? '';
  const tier = (general & 0x20) === 0 ? 'L' : 'H';
  const flags = view
    .getUint32(at + 2)
    .toString(2)
    .padStart(32, '0');
  const compatibility = parseInt(Array.from(flags).toReversed().join(''), 2).toString(16);
  const constraints = Array.from({ length: 6 }, (_, index) => view.getUint8(at + 6 + index));
  const used = constraints.slice(0, constraints.findLastIndex((byte) => byte !== 0) + 1);
  return [
    entry.type,
    `${space}${general & 0x1f}`,
    compatibility.toUpperCase(),
    `${tier}${view.getUint8(at + 12)}`,
    ...used.map((byte) => byte.toString(16).toUpperCase()),
  ].join('.');
}

/** AV1 in ISOBMFF §5: `av01.`, profile, level and tier, bit depth. */
function av1Codec(view: DataView, entry: Mp4Box): string {
  const { bodyStart: at } = requireConfig(view, entry, 'av1C', 4);
  const profile = view.getUint8(at + 1) >> 5;
  const level = String(view.getUint8(at + 1) & 0x1f).padStart(2, '0');
  const flags = view.getUint8(at + 2);
  const tier = (flags & 0x80) === 0 ? 'M' : 'H';
  const [isHigh, isTwelve] = [(flags & 0x40) !== 0, (flags & 0x20) !== 0];
  const high = isTwelve ? 12 : 10;
  const depth = isHigh ? high : 8;
  return `av01.${profile}.${level}${tier}.${String(depth).padStart(2, '0')}`;
}

function requireConfig(view: DataView, entry: Mp4Box, type: string, length: number): Mp4Box {
  const config = getBox(view, [type], entry.bodyStart + VISUAL_ENTRY_LENGTH, entry.end);
  requireBytes(config, config.bodyStart, length);
  return config;
}

const VIDEO_ENTRIES: Readonly<Record<string, (view: DataView, entry: Mp4Box) => string>> = {
  avc1: avcCodec,
  avc3: avcCodec,
  hvc1: hevcCodec,
  av01: av1Codec,
};

/** RFC 6381 3.3: `mp4a.`, the object type of the decoder config in hex, and the AAC audio object type. */
function readEsds(view: DataView, entry: Mp4Box): { codecs: string; channels: number } {
  const esds = getBox(view, ['esds'], entry.bodyStart + AUDIO_ENTRY_LENGTH, entry.end);
  let at = esds.bodyStart + 4;
  const elementary = readDescriptor(view, esds, at);
  requireBytes(esds, elementary.bodyStart, 3);
  const flags = view.getUint8(elementary.bodyStart + 2);
  if ((flags & 0xe0) !== 0)
    throw new Mp4FormatError('"esds" uses optional fields that we do not read');
  at = elementary.bodyStart + 3;
  const config = readDescriptor(view, esds, at);
  requireBytes(esds, config.bodyStart, 13);
  const objectType = view.getUint8(config.bodyStart);
  const specific = readDescriptor(view, esds, config.bodyStart + 13);
  requireBytes(esds, specific.bodyStart, 2);
  const bits = view.getUint16(specific.bodyStart);
  const audioType = bits >> 11;
  if (audioType === 31) throw new Mp4FormatError('"esds" names an audio type that we do not read');
  // ISO/IEC 14496-3 1.6.2.1: five bits type, four bits rate, four bits channels. The sample entry says 2 even for mono.
  const layout = (bits >> 3) & 0xf;
  const channels = layout === 0 ? view.getUint16(entry.bodyStart + 16) : layout;
  return { codecs: `mp4a.${objectType.toString(16)}.${audioType}`, channels };
}

/** ISO/IEC 14496-1 8.3.3: tag byte, then a length of up to four bytes of seven bits each. */
function readDescriptor(view: DataView, box: Mp4Box, start: number): { bodyStart: number } {
  let at = start + 1;
  for (let count = 0; count < 4; count++) {
    requireBytes(box, at, 1);
    const more = (view.getUint8(at) & 0x80) !== 0;
    at++;
    if (!more) break;
  }
  return { bodyStart: at };
}

function readTrackId(view: DataView, tkhd: Mp4Box): number {
  const offset = tkhd.bodyStart + (view.getUint8(tkhd.bodyStart) === 1 ? 20 : 12);
  requireBytes(tkhd, offset, 4);
  return view.getUint32(offset);
}

function readTimescale(view: DataView, mdhd: Mp4Box): number {
  const offset = mdhd.bodyStart + (view.getUint8(mdhd.bodyStart) === 1 ? 20 : 12);
  requireBytes(mdhd, offset, 4);
  const timescale = view.getUint32(offset);
  if (timescale === 0) throw new Mp4FormatError('an init segment has timescale 0');
  return timescale;
}

function readMediaTime(view: DataView, elst: Mp4Box | undefined): number {
  if (elst === undefined) return 0;
  requireBytes(elst, elst.bodyStart, 16);
  if (view.getUint32(elst.bodyStart + 4) === 0) return 0;
  if (view.getUint8(elst.bodyStart) !== 1) return view.getInt32(elst.bodyStart + 12);
  requireBytes(elst, elst.bodyStart, 24);
  return readUint64(view, elst.bodyStart + 16);
}
