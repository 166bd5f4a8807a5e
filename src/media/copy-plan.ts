import { guardedInput } from './ffmpeg-guards.ts';
import type { ProbeDocument, ProbeStream } from './source-facts.ts';

/** What has to happen to a file before pictures can be taken from the middle of it. */
export type CopyPlan =
  /** It has an index that can be trusted. */
  | { readonly kind: 'seek' }
  /** Neither an index nor a way to a copy that has one: every task reads from the start. */
  | { readonly kind: 'read-from-start' }
  /** It is copied once, in order and without encoding, into a container that has an index. */
  | { readonly kind: 'copy'; readonly arguments: readonly string[] };

/** The file that a copy is written to. */
export const COPY_FILE = 'copy';

/** Containers without an index, or with one that does not say when a picture is shown. */
const WITHOUT_INDEX = new Set(['mpegts', 'mpeg', 'flv', 'avi']);

const IN_MP4 = new Set(
  [
    ['h264', 'hevc', 'mpeg4', 'mpeg2video', 'mpeg1video', 'mjpeg', 'av1', 'vp9'],
    ['aac', 'mp3', 'ac3', 'eac3', 'dts', 'opus', 'flac', 'alac'],
  ].flat(),
);
const IN_MATROSKA = new Set(
  [
    [...IN_MP4, 'mp2', 'vp8', 'prores', 'dnxhd', 'flv1', 'h263', 'msmpeg4v2', 'msmpeg4v3', 'vp6f'],
    ['vorbis', 'truehd', 'mlp', 'pcm_s16le', 'pcm_s16be', 'pcm_s24le', 'pcm_s24be', 'pcm_s32le'],
    ['pcm_f32le', 'pcm_u8', 'pcm_alaw', 'pcm_mulaw', 'adpcm_ms', 'adpcm_ima_wav', 'wmav2'],
  ].flat(),
);
/** In AVI the order of these cannot be told without decoding them: pictures may lean on later ones that lean on others. */
const REORDERED = new Set(['h264', 'hevc']);

/** Decides by ffprobe's header of the file. */
export function planCopy(document: ProbeDocument): CopyPlan {
  const format = document.format?.format_name ?? '';
  if (!WITHOUT_INDEX.has(format)) return { kind: 'seek' };
  const streams = document.streams ?? [];
  const video = streams.find((each) => each.codec_type === 'video');
  const audio = streams.filter((each) => each.codec_type === 'audio');
  const codecs = [video, ...audio].flatMap((each) => each?.codec_name ?? []);
  const container = [
    { name: 'mp4', holds: IN_MP4, flags: MP4_FLAGS },
    { name: 'matroska', holds: IN_MATROSKA, flags: [] },
  ].find(({ holds }) => codecs.length > 0 && codecs.every((codec) => holds.has(codec)));
  if (container === undefined || isUntimed(format, video)) return { kind: 'read-from-start' };
  const filters = [...videoFilter(format, video), ...audio.flatMap(audioFilter)];
  const output = ['-f', container.name, ...container.flags, COPY_FILE];
  return { kind: 'copy', arguments: [...COPY_ALL, ...filters, ...output] };
}

/** True when the file says in which order pictures are decoded, but neither when nor in which order they are shown. */
export function isUntimed(format: string | undefined, video: ProbeStream | undefined): boolean {
  return format === 'avi' && REORDERED.has(video?.codec_name ?? '');
}

// `genpts`: AVI has decode times only, MPEG program streams a time for every few pictures.
const COPY_ALL = [
  ['-nostdin', '-y', '-v', 'error', '-fflags', '+genpts', ...guardedInput()],
  ['-map', '0:v:0?', '-map', '0:a?', '-c', 'copy', '-map_metadata:g', '-1'],
].flat();
const MP4_FLAGS = ['-movflags', '+frag_keyframe+default_base_moof+delay_moov'];

/** In AVI the first picture is shown at once; made presentation times come after the reordering delay. */
function videoFilter(format: string, video: ProbeStream | undefined): string[] {
  if (video === undefined || format !== 'avi') return [];
  const shift = 'setts=pts=PTS-STARTPTS+STARTDTS:dts=DTS-STARTPTS+STARTDTS';
  const unpack = video.codec_name === 'mpeg4' ? 'mpeg4_unpack_bframes,' : '';
  return ['-bsf:v', `${unpack}${shift}`];
}

/** MP4 has the decoder's settings once in its header, streams have them in every frame. */
function audioFilter(stream: ProbeStream, index: number): string[] {
  return stream.codec_name === 'aac' ? [`-bsf:a:${index}`, 'aac_adtstoasc'] : [];
}
