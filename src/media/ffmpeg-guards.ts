/** Where an engine shows the source to ffmpeg, relative to its working directory. */
export const SOURCE_PATH = 'job/source';

// 8192 × 4320: a decoder refuses larger pictures.
const MAX_PIXELS = 35_389_440;

// Never `hls`, `concat`, `dash`, images or devices: those open other files and addresses.
const FORMATS = 'mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,flv';
// Names of decoders, not of codecs; both are listed where they differ (`mp3float`, `libdav1d`).
const DECODERS = [
  ['h264', 'hevc', 'vp8', 'vp9', 'av1', 'libdav1d', 'mpeg4', 'mpeg2video', 'mjpeg', 'prores'],
  // `libvpx` decodes the transparency that `vp8` and `vp9` pass over.
  ['libvpx', 'libvpx-vp9', 'dnxhd', 'mpeg1video', 'h263', 'flv', 'vp6f', 'msmpeg4v2', 'msmpeg4'],
  ['aac', 'mp3', 'mp3float', 'mp2', 'mp2float', 'ac3', 'eac3', 'opus', 'vorbis', 'flac', 'alac'],
  ['aac_latm', 'dca', 'truehd', 'mlp', 'libopus', 'libvorbis', 'amrnb', 'amrwb', 'nellymoser'],
  ['pcm_s16le', 'pcm_s16be', 'pcm_s24le', 'pcm_s24be', 'pcm_s32le', 'pcm_s32be', 'pcm_f32le'],
  ['pcm_f32be', 'pcm_f64le', 'pcm_u8', 'pcm_s8', 'pcm_alaw', 'pcm_mulaw', 'pcm_bluray', 'pcm_dvd'],
  ['adpcm_ms', 'adpcm_ima_wav', 'adpcm_ima_qt', 'adpcm_swf'],
  // Never decoded, but ffprobe opens every stream and gives up at the first that is refused: subtitles and covers.
  ['mov_text', 'subrip', 'srt', 'ass', 'ssa', 'webvtt', 'text', 'dvdsub', 'dvbsub', 'pgssub'],
  ['cc_dec', 'png', 'libzvbi_teletextdec'],
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
