/** What all packets of one stream say together; times are seconds as ffprobe prints them. */
export interface PacketTotals {
  /** Packets that are shown: not discarded by an edit list. */
  readonly count: number;
  /** All packets, those that an edit list discards included. */
  readonly read: number;
  readonly firstPts: number;
  readonly lastPts: number;
  readonly end: number;
  /** Median distance of neighbouring decode times; 0 when unknown. */
  readonly medianStep: number;
  /** Longest distance of neighbouring packets that can be decoded alone; 0 when there are not two. */
  readonly longestKeyStep: number;
}

/** Folds ffprobe's packet lines, so that hours of packets need no memory. */
export interface PacketScan {
  /** One CSV line: `stream_index,pts_time,dts_time,duration_time,flags`. Other lines are passed over. */
  add(line: string): void;
  totals(): ReadonlyMap<number, PacketTotals>;
}

/** The entries that the scan reads, for ffprobe's `-show_entries`. */
export const PACKET_ENTRIES = 'packet=stream_index,pts_time,dts_time,duration_time,flags';

const MAX_STREAMS = 64;
const MAX_STEPS = 512;
/** A single packet without a duration: about a frame of anything. */
const LONE_PACKET_SECONDS = 0.04;

interface Track {
  count: number;
  read: number;
  firstPts: number;
  lastPts: number;
  end: number;
  lastDts: number;
  lastKeyPts: number;
  longestKeyStep: number;
  /** How often each distance of decode times occurred, in tenths of a millisecond. */
  readonly steps: Map<number, number>;
}

/** An empty scan. */
export function createPacketScan(): PacketScan {
  const tracks = new Map<number, Track>();
  return {
    add: (line) => addPacket(tracks, line),
    totals: () => new Map([...tracks].map(([index, track]) => [index, toTotals(track)])),
  };
}

function addPacket(tracks: Map<number, Track>, line: string): void {
  const [index, pts, dts, duration, flags] = line.split(',');
  if (index === undefined || !/^\d+$/.test(index) || flags === undefined) return;
  const track = trackOf(tracks, Number(index));
  if (track === undefined) return;
  track.read++;
  const dtsSeconds = toSeconds(dts);
  const ptsSeconds = toSeconds(pts) ?? dtsSeconds;
  if (ptsSeconds === undefined) return;
  addStep(track, dtsSeconds ?? ptsSeconds);
  if (flags.includes('D')) return;
  if (flags.includes('K')) addKey(track, ptsSeconds);
  track.count++;
  track.firstPts = Math.min(track.firstPts, ptsSeconds);
  track.lastPts = Math.max(track.lastPts, ptsSeconds);
  track.end = Math.max(track.end, ptsSeconds + (toSeconds(duration) ?? 0));
}

function trackOf(tracks: Map<number, Track>, index: number): Track | undefined {
  const known = tracks.get(index);
  if (known !== undefined || tracks.size >= MAX_STREAMS) return known;
  const track: Track = {
    count: 0,
    read: 0,
    firstPts: Infinity,
    lastPts: -Infinity,
    end: -Infinity,
    lastDts: Number.NaN,
    lastKeyPts: Number.NaN,
    longestKeyStep: 0,
    steps: new Map(),
  };
  tracks.set(index, track);
  return track;
}

function addKey(track: Track, pts: number): void {
  if (pts > track.lastKeyPts)
    track.longestKeyStep = Math.max(track.longestKeyStep, pts - track.lastKeyPts);
  track.lastKeyPts = pts;
}

function addStep(track: Track, dts: number): void {
  const step = Math.round((dts - track.lastDts) * 10_000);
  track.lastDts = dts;
  if (!(step > 0)) return;
  if (track.steps.size >= MAX_STEPS && !track.steps.has(step)) return;
  track.steps.set(step, (track.steps.get(step) ?? 0) + 1);
}

function toTotals(track: Track): PacketTotals {
  const medianStep = median(track.steps);
  // Matroska may leave out the last duration: the last picture then lasts as long as the usual one.
  const step = medianStep > 0 ? medianStep : LONE_PACKET_SECONDS;
  const end = track.end > track.lastPts ? track.end : track.lastPts + step;
  const { count, read, firstPts, lastPts, lastKeyPts } = track;
  const longestKeyStep = Math.max(
    track.longestKeyStep,
    track.longestKeyStep > 0 ? end - lastKeyPts : 0,
  );
  return { count, read, firstPts, lastPts, end, medianStep, longestKeyStep };
}

function median(steps: ReadonlyMap<number, number>): number {
  const sorted = [...steps].toSorted(([a], [b]) => a - b);
  const total = sorted.reduce((sum, [, count]) => sum + count, 0);
  let seen = 0;
  for (const [step, count] of sorted) {
    seen += count;
    if (seen * 2 >= total) return step / 10_000;
  }
  return 0;
}

function toSeconds(text: string | undefined): number | undefined {
  if (text === undefined || text === '' || text === 'N/A') return undefined;
  const value = Number(text);
  return Number.isFinite(value) ? value : undefined;
}
