import type { ImageFormat } from '../../src/contracts/image-task.ts';
import { isUid } from '../../src/contracts/ids.ts';

/** Who the path speaks for: a video by its uid, or whatever video a playback token names. */
export type PlaybackSubject =
  | { readonly kind: 'uid'; readonly uid: string }
  | { readonly kind: 'token'; readonly token: string };

export type StoryboardFormat = 'vtt' | 'json' | 'jpg';

/** The thing asked for, in numbers and closed patterns only: R2 keys are built from these and nothing else. */
export type PlaybackItem =
  | { readonly kind: 'manifest'; readonly format: 'hls' | 'dash' }
  | { readonly kind: 'playlist'; readonly revision: string; readonly rendition: string }
  | { readonly kind: 'init'; readonly revision: string; readonly rendition: string }
  | {
      readonly kind: 'segment';
      readonly revision: string;
      readonly rendition: string;
      readonly segment: number;
    }
  | { readonly kind: 'iframes'; readonly revision: string; readonly rendition: string }
  | { readonly kind: 'thumbnail'; readonly format: ImageFormat }
  | { readonly kind: 'storyboard'; readonly format: StoryboardFormat }
  | { readonly kind: 'watch' };

export interface PlaybackPath {
  readonly subject: PlaybackSubject;
  readonly item: PlaybackItem;
}

const MAX_TOKEN_LENGTH = 6 * 1024;
const TOKEN = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/;
const MEDIA =
  /^media\/([0-9a-hjkmnp-tv-z]{26})\/([a-z0-9]{1,32})\/(playlist\.m3u8|iframes\.m3u8|init\.mp4|(0|[1-9][0-9]{0,6})\.m4s)$/;

/**
 * Reads a raw, still encoded request path; `undefined` for all that is not exactly one of ours.
 * Nothing is decoded: no address of ours holds a percent sign, a backslash or a control character, so that
 * `%2f`, `%2e%2e` and their kin match nothing instead of meaning something.
 */
export function parsePlaybackPath(rawPath: string): PlaybackPath | undefined {
  const [, id, rest] = /^\/([^/]+)\/(.+)$/.exec(rawPath) ?? [];
  if (id === undefined || rest === undefined) return undefined;
  const subject = parseSubject(id);
  const item = parseItem(rest);
  return subject && item && { subject, item };
}

function parseSubject(id: string): PlaybackSubject | undefined {
  if (isUid(id)) return { kind: 'uid', uid: id };
  if (id.length <= MAX_TOKEN_LENGTH && TOKEN.test(id)) return { kind: 'token', token: id };
  return undefined;
}

function parseItem(rest: string): PlaybackItem | undefined {
  if (rest === 'manifest/video.m3u8') return { kind: 'manifest', format: 'hls' };
  if (rest === 'manifest/video.mpd') return { kind: 'manifest', format: 'dash' };
  if (rest === 'thumbnails/thumbnail.jpg') return { kind: 'thumbnail', format: 'jpg' };
  if (rest === 'thumbnails/thumbnail.gif') return { kind: 'thumbnail', format: 'gif' };
  if (rest === 'storyboard.vtt') return { kind: 'storyboard', format: 'vtt' };
  if (rest === 'storyboard.json') return { kind: 'storyboard', format: 'json' };
  if (rest === 'storyboard.jpg') return { kind: 'storyboard', format: 'jpg' };
  if (rest === 'watch') return { kind: 'watch' };
  const [, revision, rendition, name, segment] = MEDIA.exec(rest) ?? [];
  if (revision === undefined || rendition === undefined) return undefined;
  if (segment !== undefined)
    return { kind: 'segment', revision, rendition, segment: Number(segment) };
  if (name === 'iframes.m3u8') return { kind: 'iframes', revision, rendition };
  return { kind: name === 'init.mp4' ? 'init' : 'playlist', revision, rendition };
}
