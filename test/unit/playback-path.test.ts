import { describe, expect, test } from 'vitest';

import { createRevision } from '../../src/contracts/ids.ts';
import { rawPathOf } from '../../src/http/raw-path.ts';
import { parsePlaybackPath } from '../../workers/streaming/playback-path.ts';

const UID = '0123456789abcdef0123456789abcdef';
const TOKEN = 'aaa.bbb-b.ccc_c';
const REVISION = createRevision(1_790_000_000_000);

describe('a playback path', () => {
  test.each([
    ['manifest/video.m3u8', { kind: 'manifest', format: 'hls' }],
    ['manifest/video.mpd', { kind: 'manifest', format: 'dash' }],
    ['thumbnails/thumbnail.jpg', { kind: 'thumbnail', format: 'jpg' }],
    ['thumbnails/thumbnail.gif', { kind: 'thumbnail', format: 'gif' }],
    ['storyboard.vtt', { kind: 'storyboard', format: 'vtt' }],
    ['storyboard.json', { kind: 'storyboard', format: 'json' }],
    ['storyboard.jpg', { kind: 'storyboard', format: 'jpg' }],
    [
      `media/${REVISION}/720p/iframes.m3u8`,
      { kind: 'iframes', revision: REVISION, rendition: '720p' },
    ],
    ['watch', { kind: 'watch' }],
    [
      `media/${REVISION}/720p/playlist.m3u8`,
      { kind: 'playlist', revision: REVISION, rendition: '720p' },
    ],
    [`media/${REVISION}/720p/init.mp4`, { kind: 'init', revision: REVISION, rendition: '720p' }],
    [
      `media/${REVISION}/audio/0.m4s`,
      { kind: 'segment', revision: REVISION, rendition: 'audio', segment: 0 },
    ],
    [
      `media/${REVISION}/audio/1234567.m4s`,
      { kind: 'segment', revision: REVISION, rendition: 'audio', segment: 1_234_567 },
    ],
  ])('%s is read', (rest, item) => {
    expect(parsePlaybackPath(`/${UID}/${rest}`)).toEqual({
      subject: { kind: 'uid', uid: UID },
      item,
    });
    expect(parsePlaybackPath(`/${TOKEN}/${rest}`)).toEqual({
      subject: { kind: 'token', token: TOKEN },
      item,
    });
  });

  test.each([
    `/${UID.toUpperCase()}/watch`,
    `/${UID}0/watch`,
    `/${UID}/watch/`,
    `//${UID}/watch`,
    `/${UID}//watch`,
    `/${UID}/./watch`,
    `/${UID}/../${UID}/watch`,
    `/${UID}%2fwatch`,
    `/${UID}/%77atch`,
    `/${UID}\\watch`,
    `/${UID}/watch\0`,
    `/${UID}/watch%00`,
    `/${UID}/watch\n`,
    `/aaa.bbb/watch`,
    `/aaa.bbb.ccc.ddd/watch`,
    `/aaa.b%2eb.ccc/watch`,
    `/${'a'.repeat(7000)}.bbb.ccc/watch`,
    `/${UID}/manifest/video%2em3u8`,
    `/${UID}/manifest/video.m3u8/`,
    `/${UID}/manifest/video%2empd`,
    `/${UID}/manifest/video.mpd/`,
    `/${UID}/manifest/`,
    `/${UID}/storyboard.png`,
    `/${UID}/storyboard.jpg/`,
    `/${UID}/storyboard%2ejpg`,
    `/${UID}/thumbnails/thumbnail.webp`,
    `/${UID}/media/${REVISION}/720p/..%2f..%2fsource`,
    `/${UID}/media/${REVISION}/..%5c/0.m4s`,
    `/${UID}/media/${REVISION}/%2e%2e/0.m4s`,
    `/${UID}/media/${REVISION}/%252e%252e/0.m4s`,
    `/${UID}/media/${REVISION}/720P/0.m4s`,
    `/${UID}/media/${REVISION}/720p/00.m4s`,
    `/${UID}/media/${REVISION}/720p/-1.m4s`,
    `/${UID}/media/${REVISION}/720p/1e3.m4s`,
    `/${UID}/media/${REVISION}/720p/12345678.m4s`,
    `/${UID}/media/${REVISION}/720p/0.m4s%00`,
    `/${UID}/media/${REVISION}/720p/0.m4s;x`,
    `/${UID}/media/${REVISION}/720p/0.ts`,
    `/${UID}/media/${REVISION}/720p/٣.m4s`,
    `/${UID}/media/${REVISION.slice(1)}/720p/0.m4s`,
    `/${UID}/media/${REVISION.slice(1)}u/720p/0.m4s`,
    '/',
    '',
    '*',
  ])('%j is refused', (path) => {
    expect(parsePlaybackPath(path)).toBeUndefined();
  });

  test('is what stands between host and query, undecoded', () => {
    expect(rawPathOf('https://a.test/x%2fy/z?q=/a#b')).toBe('/x%2fy/z');
    expect(rawPathOf('http://a.test:80/x//y%20?/z')).toBe('/x//y%20');
    expect(rawPathOf('http://a.test')).toBe('/');
    expect(rawPathOf('http://a.test?x=/y')).toBe('/');
  });
});
