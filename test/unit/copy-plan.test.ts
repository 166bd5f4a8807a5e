import { describe, expect, test } from 'vitest';

import { planCopy } from '../../src/media/copy-plan.ts';
import type { CopyPlan } from '../../src/media/copy-plan.ts';

function plan(format: string, video: string | undefined, ...audio: string[]): CopyPlan {
  const pictures =
    video === undefined ? [] : [{ index: 0, codec_type: 'video', codec_name: video }];
  const sound = audio.map((codec, n) => ({ index: n + 1, codec_type: 'audio', codec_name: codec }));
  return planCopy({ format: { format_name: format }, streams: [...pictures, ...sound] });
}

function argumentsOf(copy: CopyPlan): string {
  return copy.kind === 'copy' ? copy.arguments.join(' ') : copy.kind;
}

describe('planCopy', () => {
  test('leaves alone what has an index', () => {
    expect(plan('mov,mp4,m4a,3gp,3g2,mj2', 'h264', 'aac')).toEqual({ kind: 'seek' });
    expect(plan('matroska,webm', 'vp9', 'opus')).toEqual({ kind: 'seek' });
  });

  test.each(['mpegts', 'mpeg', 'flv', 'avi'])('copies %s into fragmented MP4', (format) => {
    const copy = argumentsOf(plan(format, 'mpeg4', 'ac3'));
    expect(copy).toContain('-c copy');
    expect(copy).toMatch(/-f mp4 -movflags \+frag_keyframe\S* copy$/);
  });

  test('takes Matroska where MP4 cannot hold a codec', () => {
    expect(argumentsOf(plan('avi', 'mjpeg', 'pcm_s16le'))).toMatch(/-f matroska copy$/);
    expect(argumentsOf(plan('flv', 'flv1', 'mp3'))).toMatch(/-f matroska copy$/);
  });

  test('reads from the start what neither can hold', () => {
    expect(plan('mpegts', 'h264', 'aac_latm')).toEqual({ kind: 'read-from-start' });
    expect(plan('mpegts', undefined)).toEqual({ kind: 'read-from-start' });
  });

  test('reads from the start what AVI does not put in order', () => {
    expect(plan('avi', 'h264', 'mp3')).toEqual({ kind: 'read-from-start' });
    expect(plan('mpegts', 'h264', 'mp3').kind).toBe('copy');
  });

  test('takes the headers off each AAC track and moves AVI back by its reordering delay', () => {
    expect(argumentsOf(plan('mpegts', 'h264', 'ac3', 'aac'))).toContain('-bsf:a:1 aac_adtstoasc');
    expect(argumentsOf(plan('avi', 'mpeg4', 'mp3'))).toContain('setts=pts=PTS-STARTPTS');
  });
});
