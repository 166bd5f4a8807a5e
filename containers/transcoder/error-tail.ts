const MAX_LINES = 20;
const MAX_LINE_CHARACTERS = 300;
const REPEATED = /^Last message repeated \d+ times$/;

/** Keeps the last lines of ffmpeg's errors, so that a failure can be explained. */
export interface ErrorTail {
  add(line: string): void;
  text(): string;
}

/** An empty tail. */
export function createErrorTail(): ErrorTail {
  const lines: string[] = [];
  return {
    add(line) {
      const clean = cleanLine(line);
      if (clean === '' || REPEATED.test(clean)) return;
      // A damaged file makes ffmpeg say the same few things thousands of times: each is kept once.
      const before = lines.indexOf(clean);
      if (before >= 0) lines.splice(before, 1);
      lines.push(clean);
      if (lines.length > MAX_LINES) lines.shift();
    },
    text: () => lines.join('\n'),
  };
}

/** One line for people: of bounded length, without control characters, paths and addresses in memory. */
export function cleanLine(line: string): string {
  const bounded = line.slice(0, 4 * MAX_LINE_CHARACTERS);
  return withoutPaths(bounded.replaceAll(/[\p{C}\p{Zl}\p{Zp}]+/gu, ' '))
    .trim()
    .slice(0, MAX_LINE_CHARACTERS);
}

/** Replaces absolute paths and the memory addresses that ffmpeg prints: they differ on every run and tell only of us. */
export function withoutPaths(line: string): string {
  return line
    .replaceAll(/ @ 0x[0-9a-f]+/g, '')
    .replaceAll(/(?<![\w.])(?:\/[\w.@+~-]+){2,}/g, '<path>')
    .replaceAll(/file:[\w./-]+/g, '<source>');
}
