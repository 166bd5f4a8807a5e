import {
  getBox,
  listBoxes,
  Mp4FormatError,
  readBoxHeader,
  readUint64,
  requireBytes,
  viewOf,
} from './mp4-boxes.ts';
import type { Mp4Box } from './mp4-boxes.ts';

/** Sample flags of a sync sample (`sample_depends_on` = 2) and of any other one. */
export const SYNC_SAMPLE_FLAGS = 0x02000000;
export const NON_SYNC_SAMPLE_FLAGS = 0x01010000;

const NON_SYNC_BIT = 0x00010000;
const MAX_SAMPLES = 1_000_000;

/** One sample of a fragment. `offset` counts from the start of the `moof` it was read from. */
export interface FragmentSample {
  readonly size: number;
  readonly duration: number;
  readonly flags: number;
  /** Composition time minus decode time in ticks; may be negative. */
  readonly compositionOffset: number;
  readonly offset: number;
}

export interface Fragment {
  readonly sequenceNumber: number;
  readonly trackId: number;
  readonly baseMediaDecodeTime: number;
  readonly samples: readonly FragmentSample[];
}

/** What a stored segment says of itself in its first bytes. */
export interface FragmentHeader {
  readonly sequenceNumber: number;
  readonly sampleCount: number;
  readonly durationTicks: number;
  readonly baseMediaDecodeTime: number;
  readonly firstSampleIsSync: boolean;
  /** Where the first sample ends, from the start of the `moof`. */
  readonly firstSampleEnd: number;
  readonly moofLength: number;
  /** Length of the whole `mdat` box, header included. */
  readonly mdatLength: number;
}

/** True when the flags mark a sample at which decoding can start. */
export function isSyncSample(flags: number): boolean {
  return (flags & NON_SYNC_BIT) === 0;
}

/** Reads one `moof` with one `traf`: every sample with its own or its default size, duration and flags. */
export function parseMoof(moof: Uint8Array): Fragment {
  const view = viewOf(moof);
  const root = getBox(view, ['moof']);
  const trafs = listBoxes(view, root.bodyStart, root.end).filter((box) => box.type === 'traf');
  const [traf] = trafs;
  if (traf === undefined || trafs.length > 1)
    throw new Mp4FormatError('a fragment must hold exactly one track');
  const defaults = readTfhd(view, getBox(view, ['tfhd'], traf.bodyStart, traf.end));
  return {
    sequenceNumber: readSequenceNumber(view, getBox(view, ['mfhd'], root.bodyStart, root.end)),
    trackId: defaults.trackId,
    baseMediaDecodeTime: readTfdt(view, getBox(view, ['tfdt'], traf.bodyStart, traf.end)),
    samples: listBoxes(view, traf.bodyStart, traf.end)
      .filter((box) => box.type === 'trun')
      .flatMap((trun) => readTrun(view, trun, defaults)),
  };
}

/**
 * Verifies the start of a stored segment: a whole `moof` and the header of the `mdat` behind it.
 * Throws {@link Mp4FormatError} unless the samples' sizes add up to the `mdat` payload.
 */
export function readFragmentHeader(bytes: Uint8Array): FragmentHeader {
  const view = viewOf(bytes);
  const moof = readBoxHeader(view, 0, bytes.byteLength);
  if (moof.type !== 'moof')
    throw new Mp4FormatError(`a segment begins with "${moof.type}", not with "moof"`);
  const fragment = parseMoof(bytes.subarray(0, moof.size));
  const mdat = readBoxHeader(view, moof.size, Number.MAX_SAFE_INTEGER);
  if (mdat.type !== 'mdat') throw new Mp4FormatError(`"${mdat.type}" follows "moof", not "mdat"`);
  const [first] = fragment.samples;
  if (first === undefined) throw new Mp4FormatError('a segment holds no samples');
  const payload = fragment.samples.reduce((sum, sample) => sum + sample.size, 0);
  if (payload !== mdat.size - mdat.headerLength || first.offset !== moof.size + mdat.headerLength) {
    throw new Mp4FormatError('the samples of a segment do not fill its "mdat"');
  }
  return {
    sequenceNumber: fragment.sequenceNumber,
    sampleCount: fragment.samples.length,
    durationTicks: fragment.samples.reduce((sum, sample) => sum + sample.duration, 0),
    baseMediaDecodeTime: fragment.baseMediaDecodeTime,
    firstSampleIsSync: isSyncSample(first.flags),
    firstSampleEnd: first.offset + first.size,
    moofLength: moof.size,
    mdatLength: mdat.size,
  };
}

/** What {@link writeFragmentHeader} needs; sample offsets are not used: samples lie back to back in the `mdat`. */
export interface FragmentPlan {
  readonly sequenceNumber: number;
  readonly trackId: number;
  readonly baseMediaDecodeTime: number;
  readonly samples: readonly Omit<FragmentSample, 'offset'>[];
}

export interface WrittenHeader {
  /** `moof` and the 8-byte `mdat` header; the samples' bytes follow. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly moofLength: number;
}

/** Writes one CMAF fragment up to its first sample byte: `tfhd` default-base-is-moof, `tfdt` v1, one `trun` v1. */
export function writeFragmentHeader(plan: FragmentPlan): WrittenHeader {
  const { samples } = plan;
  const payload = samples.reduce((sum, sample) => sum + sample.size, 0);
  const moofLength = 8 + 16 + 8 + 16 + 20 + 20 + samples.length * 16;
  // The `trun` data offset is signed 32 bits, and so is the room for a plain `mdat` size.
  if (moofLength + 8 + payload > 0x7fffffff)
    throw new Mp4FormatError('a segment must be smaller than 2 GiB');
  const bytes = new Uint8Array(moofLength + 8);
  const view = viewOf(bytes);
  let at = 0;
  const word = (value: number): void => {
    view.setUint32(at, value >>> 0);
    at += 4;
  };
  const box = (size: number, type: string): void => {
    word(size);
    for (const letter of type) view.setUint8(at++, letter.charCodeAt(0));
  };
  box(moofLength, 'moof');
  box(16, 'mfhd');
  word(0);
  word(plan.sequenceNumber);
  box(moofLength - 24, 'traf');
  box(16, 'tfhd');
  word(0x020000);
  word(plan.trackId);
  box(20, 'tfdt');
  word(0x01000000);
  view.setBigUint64(at, BigInt(plan.baseMediaDecodeTime));
  at += 8;
  box(20 + samples.length * 16, 'trun');
  word(0x01000f01);
  word(samples.length);
  word(moofLength + 8);
  for (const sample of samples) {
    word(sample.duration);
    word(sample.size);
    word(sample.flags);
    word(sample.compositionOffset);
  }
  box(8 + payload, 'mdat');
  return { bytes, moofLength };
}

interface TrackDefaults {
  readonly trackId: number;
  readonly duration: number;
  readonly size: number;
  readonly flags: number;
}

function readSequenceNumber(view: DataView, box: Mp4Box): number {
  requireBytes(box, box.bodyStart, 8);
  return view.getUint32(box.bodyStart + 4);
}

function readTfhd(view: DataView, box: Mp4Box): TrackDefaults {
  requireBytes(box, box.bodyStart, 8);
  const flags = view.getUint32(box.bodyStart) & 0xffffff;
  if ((flags & 0x1) !== 0 || (flags & 0x020000) === 0) {
    throw new Mp4FormatError('fragments must count offsets from their "moof"');
  }
  let at = box.bodyStart + 8;
  if ((flags & 0x2) !== 0) at += 4;
  const optional = (bit: number): number => {
    if ((flags & bit) === 0) return 0;
    requireBytes(box, at, 4);
    at += 4;
    return view.getUint32(at - 4);
  };
  const trackId = view.getUint32(box.bodyStart + 4);
  return { trackId, duration: optional(0x8), size: optional(0x10), flags: optional(0x20) };
}

function readTfdt(view: DataView, box: Mp4Box): number {
  requireBytes(box, box.bodyStart, 8);
  const version = view.getUint8(box.bodyStart);
  if (version === 0) return view.getUint32(box.bodyStart + 4);
  requireBytes(box, box.bodyStart, 12);
  return readUint64(view, box.bodyStart + 4);
}

function readTrun(view: DataView, box: Mp4Box, defaults: TrackDefaults): FragmentSample[] {
  requireBytes(box, box.bodyStart, 8);
  const flags = view.getUint32(box.bodyStart) & 0xffffff;
  const count = view.getUint32(box.bodyStart + 4);
  const width = [0x100, 0x200, 0x400, 0x800].filter((bit) => (flags & bit) !== 0).length * 4;
  const prefix = ((flags & 0x1) === 0 ? 0 : 4) + ((flags & 0x4) === 0 ? 0 : 4);
  if ((flags & 0x1) === 0) throw new Mp4FormatError('"trun" without a data offset');
  if (count > MAX_SAMPLES) throw new Mp4FormatError(`"trun" claims ${count} samples`);
  requireBytes(box, box.bodyStart + 8, prefix + count * width);
  let at = box.bodyStart + 8;
  const next = (present: boolean, otherwise: number): number => {
    if (!present) return otherwise;
    at += 4;
    return view.getUint32(at - 4);
  };
  let offset = next(true, 0) | 0;
  const firstFlags = next((flags & 0x4) !== 0, defaults.flags);
  const samples: FragmentSample[] = [];
  for (let index = 0; index < count; index++) {
    const duration = next((flags & 0x100) !== 0, defaults.duration);
    const size = next((flags & 0x200) !== 0, defaults.size);
    const sampleFlags = next((flags & 0x400) !== 0, index === 0 ? firstFlags : defaults.flags);
    const compositionOffset = next((flags & 0x800) !== 0, 0) | 0;
    samples.push({ size, duration, flags: sampleFlags, compositionOffset, offset });
    offset += size;
  }
  return samples;
}
