/** Codecs of pictures that are decoded, as ffprobe names them. */
export const VIDEO_CODECS: ReadonlySet<string> = new Set(
  [
    ['h264', 'hevc', 'vp8', 'vp9', 'av1', 'mpeg4', 'mpeg2video', 'mjpeg', 'prores', 'dnxhd'],
    ['mpeg1video', 'h263', 'flv1', 'vp6f', 'msmpeg4v2', 'msmpeg4v3'],
  ].flat(),
);

/** Codecs of sound that are decoded, as ffprobe names them. */
export const AUDIO_CODECS: ReadonlySet<string> = new Set(
  [
    ['aac', 'mp3', 'mp2', 'ac3', 'eac3', 'opus', 'vorbis', 'flac', 'alac'],
    ['aac_latm', 'dts', 'truehd', 'mlp', 'amr_nb', 'amr_wb', 'nellymoser'],
    ['pcm_s16le', 'pcm_s16be', 'pcm_s24le', 'pcm_s24be', 'pcm_s32le', 'pcm_s32be', 'pcm_f32le'],
    ['pcm_f32be', 'pcm_f64le', 'pcm_u8', 'pcm_s8', 'pcm_alaw', 'pcm_mulaw'],
    ['pcm_bluray', 'pcm_dvd', 'adpcm_ms', 'adpcm_ima_wav', 'adpcm_ima_qt', 'adpcm_swf'],
  ].flat(),
);
