import { guardedInput } from './ffmpeg-guards.ts';
import { PACKET_ENTRIES } from './packet-scan.ts';

const FORMAT_ENTRIES = 'format=format_name,start_time,duration,size';
const STREAM_ENTRIES = [
  ['index', 'codec_type', 'codec_name', 'width', 'height', 'sample_aspect_ratio', 'pix_fmt'],
  ['field_order', 'color_space', 'color_transfer', 'nb_frames', 'sample_rate', 'channels'],
  ['duration'],
]
  .flat()
  .join(',');
const ENTRIES = [
  FORMAT_ENTRIES,
  `stream=${STREAM_ENTRIES}`,
  'stream_disposition=attached_pic,default',
  'stream_side_data=rotation',
  'stream_tags=language,title,alpha_mode',
].join(':');

/** ffprobe: container and streams as one JSON document. */
export function headerProbeArguments(): string[] {
  return ['-v', 'error', '-of', 'json', '-show_entries', ENTRIES, ...guardedInput()];
}

/** ffprobe: one line for each packet, in the form that the packet scan reads. */
export function packetProbeArguments(): string[] {
  return ['-v', 'error', '-of', 'csv=p=0', '-show_entries', PACKET_ENTRIES, ...guardedInput()];
}
