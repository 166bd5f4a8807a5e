import { notAVideo } from './source-facts.ts';
import type { SourceFailure } from './source-facts.ts';

interface Rule {
  readonly pattern: RegExp;
  readonly failure: (name: string) => SourceFailure;
}

const RULES: readonly Rule[] = [
  {
    pattern: /exceeds max_streams/,
    failure: () => ({
      code: 'ERR_UNSUPPORTED',
      message:
        'The file has more than 32 tracks. Keep the pictures and a few tracks of sound, and upload it again.',
    }),
  },
  {
    pattern: /exceeds specified max pixel count/,
    failure: () => ({
      code: 'ERR_UNSUPPORTED',
      message:
        'The pictures are larger than 8192 × 4320. Scale the video down and upload it again.',
    }),
  },
  {
    pattern: /codec \((\w+)\) not on whitelist/i,
    failure: (codec) => ({
      code: 'ERR_UNSUPPORTED',
      message: `The file uses "${codec}", which is not supported. Convert it to H.264 and AAC.`,
    }),
  },
  {
    pattern: /moov atom not found/,
    failure: () => ({
      code: 'ERR_MALFORMED_VIDEO',
      message:
        'The file is cut short or damaged: the index of its contents is missing. Upload it again.',
    }),
  },
  {
    pattern: /error reading header|too deeply nested|cannot allocate memory/i,
    failure: () => ({
      code: 'ERR_MALFORMED_VIDEO',
      message: 'The file is damaged: its header cannot be read. Export it again.',
    }),
  },
];

/** Why ffprobe would not open a file, from what it wrote about it. */
export function explainRefusal(errors: string): SourceFailure {
  for (const { pattern, failure } of RULES) {
    const match = pattern.exec(errors);
    if (match !== null) return failure(match[1] ?? '');
  }
  return notAVideo();
}
