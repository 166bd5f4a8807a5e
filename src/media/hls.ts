import type { RenditionMap, SegmentMap } from '../contracts/media.ts';
import { groupAudio } from './audio-groups.ts';
import type { AudioGroup, AudioMember } from './audio-groups.ts';
import { largestFirst } from './largest-first.ts';

/** Version 7: what EXT-X-MAP outside I-frame playlists and fragmented MP4 ask for. */
const VERSION = 7;
const MICROSECONDS = 1_000_000;
/** The smallest pictures are enough to find a place in the video. */
const IFRAME_RENDITIONS = 2;

type Attributes = readonly (readonly [name: string, value: string | number | undefined])[];

/** The multivariant playlist, to be read at `{id}/manifest/video.m3u8`: every URI is relative, so a token in the path is inherited. */
export function renderMultivariantPlaylist(map: SegmentMap, revision: string): string {
  const groups = groupAudio(map.renditions);
  const video = map.renditions.filter(({ kind }) => kind === 'video').toSorted(largestFirst);
  return lines([
    '#EXTM3U',
    `#EXT-X-VERSION:${VERSION}`,
    '#EXT-X-INDEPENDENT-SEGMENTS',
    ...(video.length === 0 ? soundAlone(groups, revision) : withSound(video, groups, revision)),
    ...video
      .filter(hasKeyFrames)
      .slice(-IFRAME_RENDITIONS)
      .map((rendition) => iframeLine(rendition, revision)),
  ]);
}

/** Every picture with every choice of codecs for the sound; one line a rendition when there is no sound. */
function withSound(
  video: readonly RenditionMap[],
  groups: readonly AudioGroup[],
  revision: string,
): string[] {
  const choices = groups.length === 0 ? [undefined] : groups;
  return [
    ...audioLines(groups, revision),
    ...choices.flatMap((group) =>
      video.flatMap((rendition) => [
        variantLine(rendition, group),
        playlistUri(rendition, revision),
      ]),
    ),
  ];
}

/** The default track is the variant itself; groups are named only where there is something to choose. */
function soundAlone(groups: readonly AudioGroup[], revision: string): string[] {
  const hasChoice = groups.some(({ members }) => members.length > 1);
  return [
    ...(hasChoice ? audioLines(groups, revision) : []),
    ...groups.flatMap((group) => {
      const [first] = group.members;
      if (first === undefined) return [];
      const { rendition } = first;
      return [
        variantLine(rendition, hasChoice ? group : undefined),
        playlistUri(rendition, revision),
      ];
    }),
  ];
}

/** The complete playlist of one rendition, to be read beside its `init.mp4` and `{n}.m4s`. */
export function renderMediaPlaylist(rendition: RenditionMap): string {
  const durations = microsecondDurations(rendition);
  return lines([
    '#EXTM3U',
    `#EXT-X-VERSION:${VERSION}`,
    `#EXT-X-TARGETDURATION:${targetDuration(durations)}`,
    '#EXT-X-MEDIA-SEQUENCE:0',
    '#EXT-X-PLAYLIST-TYPE:VOD',
    '#EXT-X-INDEPENDENT-SEGMENTS',
    tag('EXT-X-MAP', [['URI', quoted('init.mp4')]]),
    ...durations.flatMap((duration, n) => [`#EXTINF:${formatSeconds(duration)},`, `${n}.m4s`]),
    '#EXT-X-ENDLIST',
  ]);
}

/**
 * The key frames of one rendition (RFC 8216 §4.3.3.6), to be read beside its `init.mp4` and `{n}.m4s`: of every segment
 * the bytes up to the end of its first sample. `undefined` when the map does not say where those end.
 */
export function renderIframePlaylist(rendition: RenditionMap): string | undefined {
  if (!hasKeyFrames(rendition)) return undefined;
  const durations = microsecondDurations(rendition);
  return lines([
    '#EXTM3U',
    `#EXT-X-VERSION:${VERSION}`,
    `#EXT-X-TARGETDURATION:${targetDuration(durations)}`,
    '#EXT-X-MEDIA-SEQUENCE:0',
    '#EXT-X-PLAYLIST-TYPE:VOD',
    '#EXT-X-INDEPENDENT-SEGMENTS',
    '#EXT-X-I-FRAMES-ONLY',
    tag('EXT-X-MAP', [['URI', quoted('init.mp4')]]),
    ...durations.flatMap((duration, n) => [
      `#EXTINF:${formatSeconds(duration)},`,
      `#EXT-X-BYTERANGE:${rendition.segments[n]?.keyFrameLength}@0`,
      `${n}.m4s`,
    ]),
    '#EXT-X-ENDLIST',
  ]);
}

/** H.264 only: what every player decodes one picture at a time. */
function hasKeyFrames({ kind, codecs, segments }: RenditionMap): boolean {
  return (
    kind === 'video' &&
    codecs.startsWith('avc1') &&
    segments.every(({ keyFrameLength = 0 }) => keyFrameLength > 0)
  );
}

function iframeLine(rendition: RenditionMap, revision: string): string {
  const { width, height, segments, timescale, codecs, name } = rendition;
  const bits = segments.map(({ keyFrameLength = 0 }) => keyFrameLength * 8);
  const seconds = segments.map(({ durationTicks }) => durationTicks / timescale);
  const worst = bits.map((each, n) => each / (seconds[n] ?? 1)).reduce((a, b) => Math.max(a, b), 0);
  const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
  return tag('EXT-X-I-FRAME-STREAM-INF', [
    ['BANDWIDTH', Math.ceil(worst)],
    ['AVERAGE-BANDWIDTH', Math.ceil(sum(bits) / sum(seconds))],
    ['CODECS', quoted(codecs)],
    ['RESOLUTION', width && height ? `${width}x${height}` : undefined],
    ['URI', quoted(`../media/${revision}/${name}/iframes.m3u8`)],
  ]);
}

function variantLine(rendition: RenditionMap, group: AudioGroup | undefined): string {
  const { kind, width, height, frameRate } = rendition;
  const sound = group?.members.map((member) => member.rendition) ?? [];
  const codecs = new Set([rendition, ...sound].map((one) => one.codecs));
  // Of sound alone the variant is one of the group's members: only one of them plays.
  const played = kind === 'audio' && group !== undefined ? [] : [rendition];
  const bits = (of: (one: RenditionMap) => number): number =>
    Math.ceil(Math.max(0, ...played.map(of)) + Math.max(0, ...sound.map(of)));
  return tag('EXT-X-STREAM-INF', [
    ['BANDWIDTH', bits((one) => one.bandwidthBps)],
    ['AVERAGE-BANDWIDTH', bits((one) => one.averageBandwidthBps)],
    ['CODECS', quoted([...codecs].join(','))],
    ['RESOLUTION', width && height ? `${width}x${height}` : undefined],
    ['FRAME-RATE', frameRate && (frameRate.numerator / frameRate.denominator).toFixed(3)],
    // Without it Shaka fetches the first, middle and last segment before it plays, to look for captions.
    ['CLOSED-CAPTIONS', 'NONE'],
    ['AUDIO', group && quoted(group.id)],
  ]);
}

function audioLines(groups: readonly AudioGroup[], revision: string): string[] {
  return groups.flatMap(({ id, members }) =>
    members.map((member) => audioLine(id, member, revision)),
  );
}

function audioLine(group: string, member: AudioMember, revision: string): string {
  const { rendition, name, language, isDefault } = member;
  return tag('EXT-X-MEDIA', [
    ['TYPE', 'AUDIO'],
    ['GROUP-ID', quoted(group)],
    ['NAME', quoted(name)],
    ['LANGUAGE', language && quoted(language)],
    ['DEFAULT', isDefault ? 'YES' : 'NO'],
    ['AUTOSELECT', 'YES'],
    ['CHANNELS', rendition.channels && quoted(String(rendition.channels))],
    ['URI', quoted(playlistUri(rendition, revision))],
  ]);
}

function playlistUri(rendition: RenditionMap, revision: string): string {
  return `../media/${revision}/${rendition.name}/playlist.m3u8`;
}

/** Differences of rounded absolute times, so that the sum of all EXTINF stays exact to the microsecond. */
function microsecondDurations({ segments, timescale }: RenditionMap): number[] {
  let endTicks = 0;
  let reached = 0;
  return segments.map(({ durationTicks }) => {
    endTicks += durationTicks;
    const end = toMicroseconds(endTicks, timescale);
    const duration = end - reached;
    reached = end;
    return duration;
  });
}

/** Seconds and rest apart: ticks × 10⁶ would leave the safe integers in long videos with fine timescales. */
function toMicroseconds(ticks: number, timescale: number): number {
  const rest = Math.round(((ticks % timescale) * MICROSECONDS) / timescale);
  return Math.floor(ticks / timescale) * MICROSECONDS + rest;
}

/** RFC 8216 §4.3.3.1: every EXTINF, rounded to the nearest integer, is at most the target duration. */
function targetDuration(durations: readonly number[]): number {
  const longest = durations.reduce((most, duration) => Math.max(most, duration), 0);
  return Math.max(1, Math.round(longest / MICROSECONDS));
}

function formatSeconds(microseconds: number): string {
  const fraction = String(microseconds % MICROSECONDS).padStart(6, '0');
  return `${Math.floor(microseconds / MICROSECONDS)}.${fraction}`;
}

function tag(name: string, attributes: Attributes): string {
  const present = attributes.filter(([, value]) => value !== undefined);
  return `#${name}:${present.map(([key, value]) => `${key}=${value}`).join(',')}`;
}

/** RFC 8216 §4.2: a quoted string holds no line feed, carriage return or double quote, and there is no escape for them. */
function quoted(value: string): string {
  // oxlint-disable-next-line no-control-regex -- control characters are what is taken out
  return `"${value.replaceAll(/[\u0000-\u001f\u007f]/g, ' ').replaceAll('"', '”')}"`;
}

function lines(parts: readonly string[]): string {
  return `${parts.join('\n')}\n`;
}
