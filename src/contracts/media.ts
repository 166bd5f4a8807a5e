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
  /** Colour matrix as ffprobe names it; absent when the source does not say. */
  readonly colorSpace?: string;
}

/** What the probe found in the source's first audio track. */
export interface AudioFacts {
  readonly codec: string;
  readonly channels: number;
  readonly sampleRate: number;
  readonly durationSeconds: number;
  readonly startSeconds: number;
  readonly language?: string;
}

/** What the probe task reports. At least one of video and audio is there. */
export interface SourceFacts {
  readonly container: string;
  readonly durationSeconds: number;
  readonly video?: VideoFacts;
  readonly audio?: AudioFacts;
}

/** One rung of the ladder as it will be encoded. */
export interface VideoRendition {
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
  readonly channels: number;
  readonly sampleRate: number;
  readonly bitrateBps: number;
}

/** Where the segments of one rendition begin and end, in its own units (frames for video, AAC frames of 1,024 samples for audio). */
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
  readonly language?: string;
  readonly timescale: number;
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
}

/** The whole output of one finished run: the object `segments` of a revision. */
export interface SegmentMap {
  readonly version: 1;
  readonly objects: readonly string[];
  readonly renditions: readonly RenditionMap[];
  readonly poster?: ByteSpan;
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
  /** Rises with every change of the row, so that an older writer never replaces a newer record. */
  readonly version: number;
}
