import type { SegmentReport } from '../../src/contracts/task-protocol.ts';

/** A segment whose bytes were checked. */
export interface AcceptedSegment extends Pick<SegmentReport, 'part' | 'offset' | 'length'> {
  readonly durationTicks: number;
  /** Bytes up to the end of the key frame that the segment begins with; pictures only. */
  readonly keyFrameLength?: number;
}

/** One rendition of a task's verified output. */
export interface AcceptedRendition {
  readonly name: string;
  readonly init: { readonly part: number; readonly offset: number; readonly length: number };
  /** SHA-256 of the init segment, hex: equal for every task of a rendition. */
  readonly initHash: string;
  readonly codecs: string;
  readonly timescale: number;
  /** Presentation time of the first sample of these segments. */
  readonly startTicks: number;
  readonly segments: readonly AcceptedSegment[];
}

/** What the Worker itself found in a task's stored output; only this is ever published. */
export interface AcceptedOutput {
  readonly epoch: number;
  /** Sizes of the output objects in bytes. */
  readonly parts: readonly number[];
  /** R2's ETags of the objects as they were checked: other bytes in their place show. Absent in jobs begun before it was kept. */
  readonly etags?: readonly string[];
  /** Empty for the poster. */
  readonly renditions: readonly AcceptedRendition[];
}
