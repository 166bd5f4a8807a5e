import type { RenditionMap, SegmentMap } from '../contracts/media.ts';
import { languageName, toLanguageTag } from './language.ts';

/** Version 7: what EXT-X-MAP outside I-frame playlists and fragmented MP4 ask for. */
const VERSION = 7;
const AUDIO_GROUP = 'audio';
const MICROSECONDS = 1_000_000;

type Attributes = readonly (readonly [name: string, value: string | number | undefined])[];

/** The multivariant playlist, to be read at `{id}/manifest/video.m3u8`: every URI is relative, so a token in the path is inherited. */
export function renderMultivariantPlaylist(map: SegmentMap, revision: string): string {
  const audio = map.renditions.filter(({ kind }) => kind === 'audio');
  const video = map.renditions.filter(({ kind }) => kind === 'video').toSorted(largestFirst);
  const isAudioOnly = video.length === 0;
  const variants = isAudioOnly ? audio : video;
  const alternatives = isAudioOnly ? [] : audio;
  return lines([
    '#EXTM3U',
    `#EXT-X-VERSION:${VERSION}`,
    '#EXT-X-INDEPENDENT-SEGMENTS',
    ...alternatives.map((rendition, index) => audioLine(rendition, index === 0, revision)),
    ...variants.flatMap((rendition) => [
      variantLine(rendition, alternatives),
      playlistUri(rendition, revision),
    ]),
  ]);
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

function largestFirst(a: RenditionMap, b: RenditionMap): number {
  const pixels = ({ width = 0, height = 0 }: RenditionMap): number => width * height;
  return pixels(b) - pixels(a) || b.bandwidthBps - a.bandwidthBps;
}

function variantLine(rendition: RenditionMap, audio: readonly RenditionMap[]): string {
  const { width, height, frameRate } = rendition;
  const loudest = (bits: (one: RenditionMap) => number): number => Math.max(0, ...audio.map(bits));
  const codecs = new Set([rendition, ...audio].map((one) => one.codecs));
  return tag('EXT-X-STREAM-INF', [
    ['BANDWIDTH', Math.ceil(rendition.bandwidthBps + loudest((one) => one.bandwidthBps))],
    [
      'AVERAGE-BANDWIDTH',
      Math.ceil(rendition.averageBandwidthBps + loudest((one) => one.averageBandwidthBps)),
    ],
    ['CODECS', quoted([...codecs].join(','))],
    ['RESOLUTION', width && height ? `${width}x${height}` : undefined],
    ['FRAME-RATE', frameRate && (frameRate.numerator / frameRate.denominator).toFixed(3)],
    // Without it Shaka fetches the first, middle and last segment before it plays, to look for captions.
    ['CLOSED-CAPTIONS', 'NONE'],
    ['AUDIO', audio.length > 0 ? quoted(AUDIO_GROUP) : undefined],
  ]);
}

function audioLine(rendition: RenditionMap, isDefault: boolean, revision: string): string {
  const language = toLanguageTag(rendition.language);
  return tag('EXT-X-MEDIA', [
    ['TYPE', 'AUDIO'],
    ['GROUP-ID', quoted(AUDIO_GROUP)],
    ['NAME', quoted(language === undefined ? rendition.name : languageName(language))],
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
  return `"${value.replaceAll(/[\u0000-\u001f\u007f]/g, ' ').replaceAll('"', "'")}"`;
}

function lines(parts: readonly string[]): string {
  return `${parts.join('\n')}\n`;
}
