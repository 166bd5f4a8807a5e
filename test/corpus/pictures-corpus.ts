import { marked, moving } from './pictures.ts';
import { lavfi, MPEG2, X264, X265 } from './recipe.ts';
import type { Expectation, Recipe } from './recipe.ts';

const SECONDS = 1;
const RATE = 25;
/** 0x3060a0 */
const BLUE = [48, 96, 160] as const;
const picture = (size: string): string[] => lavfi(marked(size, '25', SECONDS, '0x3060a0'));
const RAW = { video: 'h264', seconds: SECONDS, frames: RATE * SECONDS, rate: RATE } as const;

/** The marked picture keeps its corner, its colour and its shape. */
function kept(
  name: string,
  runs: Recipe['runs'],
  wanted: Partial<Expectation>,
  isQuick = false,
): Recipe {
  const becomes = { ...RAW, corner: 'top-left' as const, colour: BLUE, ...wanted };
  return { name, runs, becomes, isQuick };
}

/** What an encoder that is told nothing calls the colours that `color` makes. */
const BT601 = [
  '-colorspace',
  'smpte170m',
  '-color_primaries',
  'smpte170m',
  '-color_trc',
  'smpte170m',
];
const BT709 = ['-colorspace', 'bt709', '-color_primaries', 'bt709', '-color_trc', 'bt709'];
const to709 = 'scale=out_color_matrix=bt709:out_range=tv';
const to601 = 'scale=out_color_matrix=smpte170m:out_range=tv';

const turn = (degrees: number, file: string): string[] => [
  ...['-i', 'flat.mp4', '-c', 'copy', '-metadata:s:v:0', `rotate=${degrees}`, file],
];
const flat = [...picture('160x90'), ...X264, 'flat.mp4'];

function hdr(transfer: string): string[] {
  const steps = [
    'setparams=range=tv:color_primaries=bt709:color_trc=bt709:colorspace=bt709',
    'zscale=t=linear:npl=203',
    'format=gbrpf32le',
    `zscale=p=bt2020:t=${transfer}:m=bt2020nc:r=tv:npl=203`,
    'format=yuv420p10le',
  ];
  const name = transfer === 'smpte2084' ? 'smpte2084' : 'arib-std-b67';
  const marks = `log-level=none:colorprim=bt2020:transfer=${name}:colormatrix=bt2020nc`;
  return [
    ...picture('160x90'),
    ...['-vf', `${to709},format=yuv444p,${steps.join(',')}`],
    ...['-c:v', 'libx265', '-preset', 'ultrafast', '-x265-params', marks],
    ...['-color_primaries', 'bt2020', '-color_trc', name, '-colorspace', 'bt2020nc'],
  ];
}

const ALPHA = [
  ...lavfi(
    'color=0xffffff@0.0:s=160x90:r=25:d=1,format=yuva444p,drawbox=x=0:y=0:w=iw/4:h=ih/4:color=white@1.0:t=fill:replace=1',
  ),
];

/** Fifty pictures a second woven into 25, and their rows apart again. */
function interlaced(name: string, video: string, output: string[], isQuick = false): Recipe {
  const source = lavfi(`${moving('160x96', '50', 2)},interlace=scan=tff:lowpass=off`);
  const becomes = { video, seconds: 2, frames: 50, rate: RATE, size: '160x96', isSmooth: true };
  return { name, runs: [[...source, '-flags', '+ilme+ildct', ...output]], becomes, isQuick };
}

/** Every shape, sampling, depth and colour of pictures. */
export const PICTURES: readonly Recipe[] = [
  kept('landscape', [flat], { size: '160x90', renditions: ['90p'] }, true),
  kept('portrait', [[...picture('90x160'), ...X264, 'a.mp4']], { size: '90x160' }, true),
  kept(
    'turned by 90 degrees',
    [flat, turn(90, 'a.mp4')],
    { size: '90x160', corner: 'bottom-left' },
    true,
  ),
  kept('turned by 180 degrees', [flat, turn(180, 'a.mov')], {
    size: '160x90',
    corner: 'bottom-right',
  }),
  kept(
    'turned by 270 degrees',
    [flat, turn(270, 'a.mov')],
    { size: '90x160', corner: 'top-right' },
    true,
  ),
  kept(
    'odd sides',
    [[...picture('161x121'), '-c:v', 'libx264', '-pix_fmt', 'yuv444p', 'a.mp4']],
    { size: '160x120' },
    true,
  ),
  kept(
    'odd sides in VP9',
    [[...picture('161x121'), '-c:v', 'libvpx-vp9', '-deadline', 'realtime', 'a.webm']],
    { size: '160x120', video: 'vp9' },
  ),
  kept(
    'pixels twice as wide as high',
    [[...picture('160x90'), '-vf', 'setsar=2', ...X264, 'a.mp4']],
    { size: '320x90' },
    true,
  ),
  kept('PAL wide screen', [[...picture('720x576'), '-vf', 'setsar=64/45', ...MPEG2, 'a.mpg']], {
    size: '854x480',
    video: 'mpeg2video',
  }),
  kept(
    'pixels half as wide as high',
    [[...picture('160x90'), '-vf', 'setsar=1/2', ...X264, 'a.mkv']],
    { size: '80x90' },
  ),
  ...['yuv422p', 'yuv444p', 'yuv420p10le', 'yuv422p10le', 'yuv444p10le'].map((format) =>
    kept(
      `H.264 as ${format}`,
      [
        [
          ...picture('160x90'),
          '-c:v',
          'libx264',
          '-preset',
          'ultrafast',
          '-pix_fmt',
          format,
          'a.mp4',
        ],
      ],
      { size: '160x90' },
      format === 'yuv422p10le',
    ),
  ),
  kept(
    'HEVC in 10 bit',
    [[...picture('160x90'), ...X265, '-pix_fmt', 'yuv420p10le', 'a.mp4']],
    { video: 'hevc' },
    true,
  ),
  kept(
    'HEVC in 12 bit 4:4:4',
    [[...picture('160x90'), ...X265, '-pix_fmt', 'yuv444p12le', 'a.mkv']],
    { video: 'hevc' },
    true,
  ),
  kept(
    'VP9 in 10 bit',
    [
      [
        ...picture('160x90'),
        '-c:v',
        'libvpx-vp9',
        '-deadline',
        'realtime',
        '-pix_fmt',
        'yuv420p10le',
        'a.webm',
      ],
    ],
    { video: 'vp9' },
  ),
  kept(
    'ProRes 4:4:4',
    [
      [
        ...picture('160x90'),
        '-c:v',
        'prores_ks',
        '-profile:v',
        '4444',
        '-pix_fmt',
        'yuv444p10le',
        'a.mov',
      ],
    ],
    { video: 'prores' },
  ),
  kept(
    'RGB',
    [[...picture('160x90'), '-c:v', 'libx264rgb', '-preset', 'ultrafast', '-qp', '10', 'a.mkv']],
    {},
    true,
  ),
  kept(
    'full range',
    [[...picture('160x90'), '-c:v', 'mjpeg', '-q:v', '2', '-pix_fmt', 'yuvj420p', 'a.avi']],
    { video: 'mjpeg' },
    true,
  ),
  kept(
    'full range H.264',
    [
      [
        ...picture('160x90'),
        '-c:v',
        'libx264',
        '-preset',
        'ultrafast',
        '-pix_fmt',
        'yuvj420p',
        'a.mp4',
      ],
    ],
    {},
  ),
  kept(
    'BT.709 colours',
    [[...picture('160x90'), '-vf', to709, ...X264, ...BT709, 'a.mp4']],
    {},
    true,
  ),
  kept('BT.601 colours', [[...picture('160x90'), '-vf', to601, ...X264, ...BT601, 'a.mp4']], {}),
  kept(
    'BT.709 colours of a high picture',
    [[...picture('1280x720'), '-vf', to709, ...X264, 'a.mp4']],
    { size: '1280x720' },
    true,
  ),
  kept('HDR10', [[...hdr('smpte2084'), 'a.mp4']], { video: 'hevc', tolerance: 16 }, true),
  kept('HLG', [[...hdr('arib-std-b67'), 'a.mp4']], { video: 'hevc', tolerance: 16 }, true),
  kept(
    'ProRes 4444 with transparency',
    [[...ALPHA, '-c:v', 'prores_ks', '-profile:v', '4444', '-pix_fmt', 'yuva444p10le', 'a.mov']],
    { video: 'prores', colour: [0, 0, 0] },
    true,
  ),
  kept(
    'VP9 with transparency',
    [[...ALPHA, '-c:v', 'libvpx-vp9', '-pix_fmt', 'yuva420p', '-auto-alt-ref', '0', 'a.webm']],
    { video: 'vp9', colour: [0, 0, 0] },
    true,
  ),
  kept(
    'VP8 with transparency',
    [[...ALPHA, '-c:v', 'libvpx', '-pix_fmt', 'yuva420p', '-auto-alt-ref', '0', 'a.webm']],
    { video: 'vp8', colour: [0, 0, 0] },
  ),
  interlaced('interlaced MPEG-2', 'mpeg2video', ['-top', '1', ...MPEG2, 'a.ts'], true),
  interlaced('interlaced H.264', 'h264', [...X264, '-x264-params', 'tff=1', 'a.mkv']),
  interlaced('interlaced MPEG-4', 'mpeg4', ['-top', '1', '-c:v', 'mpeg4', '-q:v', '3', 'a.avi']),
  kept(
    '2160p at 60 frames a second',
    [
      [
        ...lavfi(marked('3840x2160', '60', 0.5, '0x3060a0')),
        ...X264,
        ...BT709,
        '-vf',
        to709,
        'a.mp4',
      ],
    ],
    {
      seconds: 0.5,
      frames: 30,
      rate: 60,
      size: '3840x2160',
      renditions: ['2160p', '1440p', '1080p', '720p', '480p', '360p', '240p'],
    },
  ),
  kept(
    '1440p',
    [[...lavfi(marked('2560x1440', '25', 0.4, '0x3060a0')), '-vf', to709, ...X264, 'a.mp4']],
    { seconds: 0.4, frames: 10, size: '2560x1440' },
  ),
];

/** What nobody can play is refused with a name and a next step. */
export const REFUSALS: readonly Recipe[] = [
  {
    name: 'a codec that is not read',
    runs: [[...picture('160x90'), '-c:v', 'wmv2', 'a.avi']],
    becomes: { refused: 'ERR_UNSUPPORTED', because: /wmv2.*Convert/s },
    isQuick: true,
  },
  {
    name: 'a container that is not read',
    runs: [[...picture('160x90'), '-c:v', 'wmv2', '-f', 'asf', 'a.wmv']],
    becomes: { refused: 'ERR_NON_VIDEO', because: /format/ },
  },
];
