import type { JobFailure } from './job-state.ts';

const MAX_LINES = 3;
const MAX_DETAIL_CHARACTERS = 300;

/** Why the job failed, for the person who uploaded the file: the sentences, then the last lines of ffmpeg on one line. */
export function reasonText({ text, detail }: Pick<JobFailure, 'text' | 'detail'>): string {
  const lines = detail
    .split('\n')
    .map((line) => line.replaceAll(/[\p{C}\p{Zl}\p{Zp}]+/gu, ' ').trim())
    .filter((line) => line !== '');
  const last = lines.slice(-MAX_LINES).join(' | ').slice(0, MAX_DETAIL_CHARACTERS);
  return last === '' ? text : `${text} (Details: ${last})`;
}
