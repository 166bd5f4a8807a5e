import { withCo64 } from './co64.ts';
import { counted } from './pictures.ts';
import { counting, lavfi, MPEG2, MPEG4, OPEN_GOP, tone, X264, X265 } from './recipe.ts';
import type { Recipe } from './recipe.ts';

const SECONDS = 5;
const FRAMES = 125;

interface Coded {
  readonly file: string;
  readonly video: readonly [codec: string, ...args: string[]];
  readonly audio: readonly [codec: string, ...args: string[]];
  /** How the container is written. */
  readonly container?: readonly string[];
  readonly size?: string;
  readonly patch?: Recipe['patch'];
  /** How often ffmpeg's muxer shows the first picture. */
  readonly held?: number;
  readonly isQuick?: boolean;
}

/** A counted clip of five seconds; every frame must come out once and in order. */
function coded(name: string, clip: Coded): Recipe {
  const { file, video, audio, container = [], size = '160x90', held = 1 } = clip;
  const [videoCodec, ...videoArgs] = video;
  const [audioCodec, ...audioArgs] = audio;
  const sources = [...lavfi(counted('25', SECONDS, size)), ...tone(SECONDS)];
  return {
    name,
    runs: [[...sources, ...videoArgs, ...audioArgs, ...container, file]],
    ...(clip.patch !== undefined && { patch: clip.patch }),
    becomes: {
      video: videoCodec,
      audio: [audioCodec],
      seconds: SECONDS + (held - 1) / 25,
      frames: FRAMES + held - 1,
      rate: 25,
      numbers: [...counting(held - 1).fill(0), ...counting(FRAMES)],
    },
    ...(clip.isQuick !== undefined && { isQuick: clip.isQuick }),
  };
}

const H264 = ['h264', ...X264] as const;
const AAC = ['aac', '-c:a', 'aac'] as const;
const MP3 = ['mp3', '-c:a', 'libmp3lame'] as const;
const AC3 = ['ac3', '-c:a', 'ac3'] as const;
const MP2 = ['mp2', '-c:a', 'mp2'] as const;
const OPUS = ['opus', '-c:a', 'libopus'] as const;
const VORBIS = ['vorbis', '-c:a', 'libvorbis'] as const;
const PCM16 = ['pcm_s16le', '-c:a', 'pcm_s16le'] as const;
const VP8 = ['vp8', '-c:v', 'libvpx', '-deadline', 'realtime', '-cpu-used', '8'] as const;
const VP9 = ['vp9', '-c:v', 'libvpx-vp9', '-deadline', 'realtime', '-cpu-used', '8'] as const;
const AV1 = ['av1', '-c:v', 'libaom-av1', '-cpu-used', '8', '-usage', 'realtime'] as const;
const OPEN = ['h264', ...OPEN_GOP] as const;
const quick = { isQuick: true };

/** Every container and codec. */
export const CONTAINERS: readonly Recipe[] = [
  coded('MP4, index last', { file: 'a.mp4', video: H264, audio: AAC, ...quick }),
  coded('MP4, index first', {
    file: 'a.mp4',
    video: OPEN,
    audio: AAC,
    container: ['-movflags', '+faststart'],
  }),
  coded('MP4 with 64-bit offsets', {
    file: 'a.mp4',
    video: H264,
    audio: AAC,
    patch: withCo64,
    ...quick,
  }),
  coded('fragmented MP4', {
    file: 'a.mp4',
    video: OPEN,
    audio: AAC,
    container: ['-movflags', '+frag_keyframe+empty_moov+default_base_moof'],
    held: 3,
    ...quick,
  }),
  coded('fragmented MP4 without any index', {
    file: 'a.mp4',
    video: H264,
    audio: AAC,
    container: ['-movflags', '+frag_keyframe+empty_moov+skip_sidx+skip_trailer'],
    held: 2,
  }),
  coded('partly fragmented MP4', {
    file: 'a.mp4',
    video: H264,
    audio: AAC,
    container: ['-movflags', '+frag_keyframe'],
    held: 2,
    ...quick,
  }),
  coded('MP4 with HEVC and E-AC-3', {
    file: 'a.mp4',
    video: ['hevc', ...X265],
    audio: ['eac3', '-c:a', 'eac3'],
    ...quick,
  }),
  coded('MP4 with HEVC marked hvc1', {
    file: 'a.mp4',
    video: ['hevc', ...X265, '-tag:v', 'hvc1'],
    audio: AAC,
  }),
  coded('MP4 with MPEG-4 part 2', { file: 'a.mp4', video: ['mpeg4', ...MPEG4], audio: MP3 }),
  coded('MP4 with AV1 and Opus', { file: 'a.mp4', video: AV1, audio: OPUS, ...quick }),
  coded('MP4 with VP9 and FLAC', {
    file: 'a.mp4',
    video: VP9,
    audio: ['flac', '-c:a', 'flac', '-strict', '-2'],
  }),
  coded('MOV with PCM', { file: 'a.mov', video: H264, audio: PCM16, ...quick }),
  coded('MOV with ProRes and 24-bit PCM', {
    file: 'a.mov',
    video: ['prores', '-c:v', 'prores_ks', '-profile:v', 'standard'],
    audio: ['pcm_s24le', '-c:a', 'pcm_s24le'],
    ...quick,
  }),
  coded('MOV with DNxHR and big-endian PCM', {
    file: 'a.mov',
    video: ['dnxhd', '-c:v', 'dnxhd', '-profile:v', 'dnxhr_sq', '-pix_fmt', 'yuv422p'],
    audio: ['pcm_s16be', '-c:a', 'pcm_s16be'],
    size: '320x180',
    ...quick,
  }),
  coded('MOV with MJPEG and ALAC', {
    file: 'a.mov',
    video: ['mjpeg', '-c:v', 'mjpeg', '-q:v', '3', '-pix_fmt', 'yuvj422p'],
    audio: ['alac', '-c:a', 'alac'],
  }),
  coded('3GP', { file: 'a.3gp', video: ['mpeg4', ...MPEG4], audio: AAC, ...quick }),
  coded('3GP with H.263', {
    file: 'a.3gp',
    video: ['h263', '-c:v', 'h263', '-q:v', '3', '-vf', 'scale=352:288:flags=neighbor'],
    audio: AAC,
  }),
  coded('Matroska with AC-3', { file: 'a.mkv', video: OPEN, audio: AC3, ...quick }),
  coded('Matroska with HEVC and DTS', {
    file: 'a.mkv',
    video: ['hevc', ...X265],
    audio: ['dts', '-c:a', 'dca', '-strict', '-2'],
    ...quick,
  }),
  coded('Matroska with AV1 and FLAC', {
    file: 'a.mkv',
    video: AV1,
    audio: ['flac', '-c:a', 'flac'],
  }),
  coded('Matroska with MPEG-2 and MP2', {
    file: 'a.mkv',
    video: ['mpeg2video', ...MPEG2],
    audio: MP2,
  }),
  coded('WebM with VP8 and Vorbis', { file: 'a.webm', video: VP8, audio: VORBIS, ...quick }),
  coded('WebM with VP9 and Opus', { file: 'a.webm', video: VP9, audio: OPUS, ...quick }),
  coded('WebM without cues, as a browser records it', {
    file: 'a.webm',
    video: [...VP8, '-g', '50'],
    audio: OPUS,
    container: ['-live', '1'],
    ...quick,
  }),
  coded('transport stream with open groups', { file: 'a.ts', video: OPEN, audio: AAC, ...quick }),
  coded('transport stream with HEVC and E-AC-3', {
    file: 'a.ts',
    video: ['hevc', ...X265],
    audio: ['eac3', '-c:a', 'eac3'],
  }),
  coded('transport stream with MPEG-2 and MP2', {
    file: 'a.ts',
    video: ['mpeg2video', ...MPEG2],
    audio: MP2,
    ...quick,
  }),
  coded('transport stream with DTS', {
    file: 'a.ts',
    video: H264,
    audio: ['dts', '-c:a', 'dca', '-strict', '-2'],
  }),
  coded('transport stream with AAC in LATM', {
    file: 'a.ts',
    video: H264,
    audio: ['aac_latm', '-c:a', 'aac'],
    container: ['-mpegts_flags', '+latm'],
  }),
  coded('M2TS', {
    file: 'a.m2ts',
    video: OPEN,
    audio: AC3,
    container: ['-mpegts_m2ts_mode', '1'],
    ...quick,
  }),
  coded('MPEG program stream', {
    file: 'a.mpg',
    video: ['mpeg2video', ...MPEG2],
    audio: MP2,
    ...quick,
  }),
  coded('MPEG program stream as on DVD', {
    file: 'a.vob',
    video: ['mpeg2video', ...MPEG2],
    audio: AC3,
    container: ['-f', 'vob'],
  }),
  coded('MPEG-1', {
    file: 'a.mpg',
    video: ['mpeg1video', '-c:v', 'mpeg1video', '-q:v', '3', '-bf', '2'],
    audio: MP2,
  }),
  coded('AVI with MPEG-4 and B-frames', {
    file: 'a.avi',
    video: ['mpeg4', ...MPEG4],
    audio: MP3,
    ...quick,
  }),
  coded('AVI with H.264', { file: 'a.avi', video: OPEN, audio: MP3, ...quick }),
  coded('AVI with MJPEG and PCM', {
    file: 'a.avi',
    video: ['mjpeg', '-c:v', 'mjpeg', '-q:v', '3'],
    audio: PCM16,
    ...quick,
  }),
  coded('AVI with MS-MPEG-4 and MS-ADPCM', {
    file: 'a.avi',
    video: ['msmpeg4v3', '-c:v', 'msmpeg4', '-q:v', '3'],
    audio: ['adpcm_ms', '-c:a', 'adpcm_ms'],
  }),
  coded('FLV', { file: 'a.flv', video: OPEN, audio: AAC, ...quick }),
  coded('FLV with Sorenson H.263 and MP3', {
    file: 'a.flv',
    video: ['flv1', '-c:v', 'flv', '-q:v', '3', '-g', '50'],
    audio: ['mp3', '-c:a', 'libmp3lame', '-ar', '44100'],
  }),
];
