/** Where an engine shows the source to ffmpeg, relative to its working directory. */
export const SOURCE_PATH = 'job/source';

// 8192 × 4320: a decoder refuses larger pictures.
const MAX_PIXELS = 35_389_440;

// Never `hls`, `concat`, `dash`, images or devices: those open other files and addresses.
const FORMATS = 'mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,flv';
// Names of decoders, not of codecs; both are listed where they differ (`mp3float`, `libdav1d`).
const DECODERS = [
  ['h264', 'hevc', 'vp8', 'vp9', 'av1', 'libdav1d', 'mpeg4', 'mpeg2video', 'mjpeg', 'prores'],
  ['aac', 'mp3', 'mp3float', 'mp2', 'mp2float', 'ac3', 'eac3', 'opus', 'vorbis', 'flac', 'alac'],
  ['pcm_s16le', 'pcm_s16be', 'pcm_s24le', 'pcm_s24be', 'pcm_s32le', 'pcm_f32le'],
  // Never decoded, but ffprobe opens every stream and gives up at the first that is refused: subtitles and covers.
  ['mov_text', 'subrip', 'srt', 'ass', 'ssa', 'webvtt', 'text', 'dvdsub', 'dvbsub', 'pgssub'],
  ['cc_dec', 'png'],
]
  .flat()
  .join(',');

/** The guarded source as ffmpeg's input. */
export function guardedInput(): string[] {
  return [...inputGuards(), '-i', `file:${SOURCE_PATH}`];
}

// Must stand before `-i` of ffmpeg and ffprobe: they decide what a hostile file can reach.
function inputGuards(): string[] {
  return [
    ['-protocol_whitelist', 'file', '-format_whitelist', FORMATS],
    ['-codec_whitelist', DECODERS, '-max_streams', '32', '-max_pixels', String(MAX_PIXELS)],
  ].flat();
}
