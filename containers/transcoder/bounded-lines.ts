import type { Readable } from 'node:stream';

const MAX_LINE_CHARACTERS = 64 * 1024;

/** Calls back for each line; of a longer one than 64 Ki characters only the beginning is kept. */
export function readBoundedLines(stream: Readable, onLine: (line: string) => void): void {
  let rest = '';
  stream.setEncoding('utf8');
  stream.on('data', (text: string) => {
    const [first = '', ...others] = text.split(/[\r\n]/);
    rest = bounded(rest + first);
    for (const next of others) {
      if (rest !== '') onLine(rest);
      rest = bounded(next);
    }
  });
  stream.on('end', () => {
    if (rest !== '') onLine(rest);
  });
}

function bounded(line: string): string {
  return line.length > MAX_LINE_CHARACTERS ? line.slice(0, MAX_LINE_CHARACTERS) : line;
}
