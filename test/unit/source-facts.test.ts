import { describe, expect, test } from 'vitest';

import { gridSkip, snapFrameRate } from '../../src/media/frame-rate.ts';
import { createPacketScan } from '../../src/media/packet-scan.ts';
import { toSourceFacts } from '../../src/media/source-facts.ts';
import type { ProbeDocument, ProbeStream, SourceVerdict } from '../../src/media/source-facts.ts';

const VIDEO: ProbeStream = {
  index: 0,
  codec_type: 'video',
  codec_name: 'h264',
  width: 1920,
  height: 1080,
  pix_fmt: 'yuv420p',
  field_order: 'progressive',
};
const AUDIO: ProbeStream = {
  index: 1,
  codec_type: 'audio',
  codec_name: 'aac',
  sample_rate: '48000',
  channels: 2,
  tags: { language: 'deu' },
};

interface Source {
  readonly streams?: readonly ProbeStream[];
  readonly format?: ProbeDocument['format'];
  /** Packet lines of stream 0: `count` pictures a second apart by `step`, from `first` on. */
  readonly pictures?: { readonly count: number; readonly step: number; readonly first?: number };
  readonly lines?: readonly string[];
  readonly maxDurationSeconds?: number;
}

function judge(source: Source): SourceVerdict {
  const { pictures = { count: 60, step: 1 / 30 }, lines = [] } = source;
  const scan = createPacketScan();
  for (let index = 0; index < pictures.count; index++) {
    const time = (pictures.first ?? 0) + index * pictures.step;
    scan.add(`0,${time.toFixed(6)},${time.toFixed(6)},${pictures.step.toFixed(6)},K_`);
  }
  for (const line of lines) scan.add(line);
  const format = { format_name: 'mov,mp4', start_time: '0.000000', ...source.format };
  const document = { format, streams: source.streams ?? [VIDEO] };
  return toSourceFacts(document, scan.totals(), source.maxDurationSeconds ?? 3600);
}

describe('facts', () => {
  test('a track of one packet without a duration lasts a moment', () => {
    const lines = ['1,0.5,0.5,N/A,K_'];
    expect(judge({ streams: [VIDEO, AUDIO], lines })).toMatchObject({
      facts: { audio: [{ durationSeconds: 0.04, startSeconds: 0.5 }] },
    });
  });

  test('come from the packets', () => {
    const lines = ['1,0.5,0.5,0.021333,K_', '1,2.5,2.5,0.021333,K_'];
    expect(judge({ streams: [VIDEO, AUDIO], lines })).toMatchObject({
      facts: {
        durationSeconds: 2.521333,
        video: { durationSeconds: 2, startSeconds: 0, packets: 60, rotation: 0 },
        audio: [{ durationSeconds: 2.021333, startSeconds: 0.5, language: 'deu', channels: 2 }],
      },
    });
  });

  test('count from the start of the file, the first picture on the frame grid', () => {
    const verdict = judge({
      pictures: { count: 30, step: 0.04, first: 11 },
      format: { start_time: '10.5' },
    });
    expect(verdict).toMatchObject({
      facts: { video: { startSeconds: 0.48, durationSeconds: 1.2, skipSeconds: 0.02 } },
    });
  });

  test('count a last picture that an edit list cuts short', () => {
    const lines = ['0,2,2,0.01,__'];
    expect(judge({ lines })).toMatchObject({ facts: { video: { durationSeconds: 2.025 } } });
  });

  test('count the pictures of a file that has no presentation times', () => {
    const lines = Array.from({ length: 60 }, (_, n) => `0,N/A,${n * 0.04},0.04,__`);
    const format = { format_name: 'avi' };
    const verdict = judge({ format, lines, pictures: { count: 0, step: 1 } });
    expect(verdict).toMatchObject({ facts: { video: { pictureSeconds: 0.04 } } });
  });

  test('know transparency by the format and by the tag of WebM', () => {
    const facts = (stream: Partial<ProbeStream>): SourceVerdict =>
      judge({ streams: [{ ...VIDEO, ...stream }] });
    expect(facts({ pix_fmt: 'yuva444p10le' })).toMatchObject({ facts: { video: { alpha: true } } });
    expect(facts({ tags: { alpha_mode: '1' } })).toMatchObject({
      facts: { video: { alpha: true } },
    });
    expect(facts({})).not.toMatchObject({ facts: { video: { alpha: true } } });
  });

  test('leave out what an edit list discards', () => {
    const lines = ['0,-1,-1,0.033333,KD', '0,-0.5,-0.5,0.033333,_D'];
    expect(judge({ lines })).toMatchObject({ facts: { video: { packets: 60, startSeconds: 0 } } });
  });

  test('give the size as it is displayed', () => {
    const turned = { ...VIDEO, sample_aspect_ratio: '2:1', side_data_list: [{ rotation: -90 }] };
    expect(judge({ streams: [turned] })).toMatchObject({
      facts: { video: { width: 1080, height: 3840, rotation: 90 } },
    });
  });

  test('pass over a cover picture', () => {
    const cover = { ...VIDEO, index: 3, disposition: { attached_pic: 1 } };
    const lines = ['1,0,0,1,K_'];
    const verdict = judge({ streams: [cover, AUDIO], pictures: { count: 0, step: 1 }, lines });
    expect(verdict).toMatchObject({ facts: { audio: [{ track: 0 }] } });
    expect(verdict).not.toHaveProperty('facts.video');
    expect(judge({ streams: [cover] })).toMatchObject({ failure: { code: 'ERR_NON_VIDEO' } });
  });

  test('a missing last duration is the usual one', () => {
    const lines = ['0,2.000000,2.000000,N/A,__'];
    const verdict = judge({ pictures: { count: 50, step: 0.04 }, lines });
    expect(verdict).toMatchObject({ facts: { durationSeconds: 2.04 } });
  });
});

test('what an edit list leaves out is not missing', () => {
  const trimmed = { ...VIDEO, nb_frames: '900', duration: '2.000000' };
  const verdict = judge({ streams: [trimmed], format: { duration: '30', size: '1000000' } });
  expect(verdict).toMatchObject({ facts: { video: { durationSeconds: 2 } } });
});

test.each<[string, Source, string]>([
  ['no streams', { streams: [] }, 'ERR_NON_VIDEO'],
  ['only subtitles', { streams: [{ index: 0, codec_type: 'subtitle' }] }, 'ERR_NON_VIDEO'],
  ['no packets', { pictures: { count: 0, step: 1 } }, 'ERR_MALFORMED_VIDEO'],
  [
    'fewer packets than the index lists',
    { streams: [{ ...VIDEO, nb_frames: '90' }] },
    'ERR_MALFORMED_VIDEO',
  ],
  [
    'a trimmed file that is cut short, too',
    { streams: [{ ...VIDEO, nb_frames: '900', duration: '4.000000' }] },
    'ERR_MALFORMED_VIDEO',
  ],
  [
    'half of what the header declares',
    { format: { duration: '4', size: '100000' } },
    'ERR_MALFORMED_VIDEO',
  ],
  ['a flash', { pictures: { count: 1, step: 0.04 } }, 'ERR_DURATION_TOO_SHORT'],
  ['too long', { maxDurationSeconds: 1.5 }, 'ERR_DURATION_EXCEED_CONSTRAINT'],
  [
    'four gaps of a day',
    { lines: ['0,345600,345600,0.04,K_'], maxDurationSeconds: 1e6 },
    'ERR_MALFORMED_VIDEO',
  ],
  ['an unknown codec', { streams: [{ ...VIDEO, codec_name: 'magicyuv' }] }, 'ERR_UNSUPPORTED'],
  ['no size', { streams: [{ ...VIDEO, width: 0 }] }, 'ERR_MALFORMED_VIDEO'],
])('refuses %s', (_name, source, code) => {
  expect(judge(source)).toMatchObject({ failure: { code } });
});

test('a header that lies without measure is passed over', () => {
  const verdict = judge({ format: { duration: '143165', size: '106000' } });
  expect(verdict).toMatchObject({ facts: { durationSeconds: 2 } });
});

test.each([
  [23.976, 0.0417, '24000/1001'],
  [24, 0.0417, '24/1'],
  [29.97, 0.0334, '30000/1001'],
  [30.02, 0.0333, '30/1'],
  [59.94, 0.0167, '60000/1001'],
  [120, 1 / 120, '60/1'],
  [27, 0.0333, '30/1'],
  [22, 1 / 22, '24000/1001'],
  [1, 1, '5/1'],
  [12.5, 0.08, '15/1'],
])('%s frames a second, usually %s s apart, become %s', (average, step, wanted) => {
  const { numerator, denominator } = snapFrameRate(average, step);
  expect(`${numerator}/${denominator}`).toBe(wanted);
});

describe('gridSkip', () => {
  const rate = { numerator: 25, denominator: 1 };

  test('cuts off what little comes before a whole frame', () => {
    expect(gridSkip(0, rate)).toBe(0);
    expect(gridSkip(0.023, rate)).toBeCloseTo(0.023, 6);
    expect(gridSkip(0.5, rate)).toBeCloseTo(0.02, 6);
  });

  test('takes a rounded time for what it was', () => {
    expect(gridSkip(0.0395, rate)).toBeCloseTo(-0.0005, 6);
  });

  test('never cuts off more than a twentieth of a second', () => {
    expect(gridSkip(0.15, { numerator: 5, denominator: 1 })).toBeCloseTo(-0.05, 6);
  });
});
