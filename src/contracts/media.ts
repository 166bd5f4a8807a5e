import type { VideoCodec } from './profile.ts';

/** An exact number: `numerator / denominator`, denominator > 0. */
export interface Rational {
  readonly numerator: number;
  readonly denominator: number;
}

/** What the probe found in the source's first video track. Sizes are as displayed: rotated, pixels square, not yet even. */
export interface VideoFacts {
  readonly codec: string;
  readonly width: number;
  readonly height: number;
  /** Clockwise degrees the picture is turned for display: 0, 90, 180, 270. */
  readonly rotation: number;
  /** Output frame rate, snapped to the usual list. */
  readonly frameRate: Rational;
  readonly pixelFormat: string;
  readonly interlaced: boolean;
  readonly hdr: boolean;
  /** Seconds from the first picture to the end of the last, from packets, not from the header. */
  readonly durationSeconds: number;
  /** Seconds between the start of the file's timeline and the first picture. */
  readonly startSeconds: number;
  readonly packets: number;
  /** Longest distance between neighbouring key pictures in seconds; absent when it is not known. */
  readonly keyFrameSeconds?: number;
  /** Where second 0 of the timeline lies after the file's first packet, so that the first picture is on the frame grid. */
  readonly skipSeconds?: number;
  /** Only where the file does not say when pictures are shown: how long each one is. */
  readonly pictureSeconds?: number;
  /** Pictures are partly transparent. */
  readonly alpha?: boolean;
  /** Shorter side of the largest rendition that the engine makes; absent where it has no limit. */
  readonly maxShortSide?: number;
  /** Colour matrix as ffprobe names it; absent when the source does not say. */
  readonly colorSpace?: string;
}

/** What the probe found in one of the source's audio tracks. */
export interface AudioFacts {
  /** Which of the file's audio tracks it is, from 0. */
  readonly track: number;
  readonly codec: string;
  readonly channels: number;
  readonly sampleRate: number;
  readonly durationSeconds: number;
  readonly startSeconds: number;
  readonly packets: number;
  /** As {@link VideoFacts.skipSeconds}. */
  readonly skipSeconds?: number;
  /** As the container names it: usually ISO 639-2. */
  readonly language?: string;
  readonly title?: string;
}

/** What the probe task reports. At least one of video and audio is there. */
export interface SourceFacts {
  readonly container: string;
  readonly durationSeconds: number;
  readonly video?: VideoFacts;
  /** The tracks to be heard, the default one first; empty for a silent video. */
  readonly audio: readonly AudioFacts[];
}

/** One rung of the ladder as it will be encoded. */
export interface VideoRendition {
  /** H.264 when absent. */
  readonly codec?: VideoCodec;
  /** `1080p`, `720p`, …: named by the shorter side's rung. */
  readonly name: string;
  readonly width: number;
  readonly height: number;
  readonly maxBitrateBps: number;
  /** H.264 level times ten: 31 for 3.1. */
  readonly level: number;
}

export interface AudioRendition {
  readonly name: string;
  /** `aac` is encoded; the surround formats are copied from the source as they are. */
  readonly codec: 'aac' | SurroundCodec;
  readonly channels: number;
  readonly sampleRate: number;
  readonly bitrateBps: number;
}

type SurroundCodec = 'ac3' | 'eac3';

/** Where the segments of one rendition begin and end, in its own units: frames of video, or frames of the sound's codec. */
export interface SegmentSpan {
  readonly start: number;
  readonly end: number;
}

/**
 * Everything a video player needs of a rendition, and where its bytes are.
 * `objects` indexes {@link SegmentMap.objects}; durations are ticks of `timescale`.
 */
export interface RenditionMap {
  readonly name: string;
  readonly kind: 'video' | 'audio';
  /** RFC 6381, from the real sample entry. */
  readonly codecs: string;
  readonly width?: number;
  readonly height?: number;
  readonly frameRate?: Rational;
  readonly channels?: number;
  /** Which of the source's audio tracks it is made of: renditions of one track are the same sound in different codecs. */
  readonly track?: number;
  readonly language?: string;
  readonly title?: string;
  readonly timescale: number;
  /**
   * Presentation time of the first sample; 0 when absent. Below 0 for the encoder's priming samples, which the init segment's
   * edit list hides, above 0 for a copied track that begins later.
   */
  readonly startTicks?: number;
  /** Bits per second of the worst segment, measured. */
  readonly bandwidthBps: number;
  readonly averageBandwidthBps: number;
  readonly init: ByteSpan;
  readonly segments: readonly SegmentEntry[];
}

/** A run of bytes in one of the map's objects. */
export interface ByteSpan {
  readonly object: number;
  readonly offset: number;
  readonly length: number;
}

export interface SegmentEntry extends ByteSpan {
  readonly durationTicks: number;
  /** Bytes up to the end of the key frame that the segment begins with: `moof` and first sample. Older maps lack it. */
  readonly keyFrameLength?: number;
}

/** One JPEG of small pictures in rows, one picture for each interval of the video. */
export interface StoryboardLayout {
  readonly tileWidth: number;
  readonly tileHeight: number;
  readonly columns: number;
  readonly tiles: number;
  readonly intervalSeconds: number;
}

/** The whole output of one finished run: the object `segments` of a revision. */
export interface SegmentMap {
  readonly version: 1;
  readonly objects: readonly string[];
  readonly renditions: readonly RenditionMap[];
  readonly poster?: ByteSpan;
  readonly storyboard?: ByteSpan & StoryboardLayout;
  readonly durationSeconds: number;
}

export type VideoState = 'pendingupload' | 'queued' | 'inprogress' | 'ready' | 'error';

/** The R2 object `videos/{uid}/playback`: all that a playback request needs to know, so that it needs no database. */
export interface PlaybackRecord {
  readonly accountId: string;
  readonly state: VideoState;
  /** The published run; absent until the first one is ready. */
  readonly revision?: string;
  /** The run published before: it goes on playing for a while for those who are in the middle of it. */
  readonly previousRevision?: string;
  readonly requireSignedURLs: boolean;
  readonly allowedOrigins: readonly string[];
  readonly errorReasonText?: string;
  readonly title?: string;
  /** Where the thumbnail is to be, as a share of the length; absent where nobody chose. */
  readonly thumbnailTimestampPct?: number;
  /** Rises with every change of the row, so that an older writer never replaces a newer record. */
  readonly version: number;
}
