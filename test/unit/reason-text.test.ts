import { expect, test } from 'vitest';

import { reasonText } from '../../workers/transcoder/reason-text.ts';

const text = 'The file is damaged. Export it again.';

test('the sentence stands alone where there is nothing to add', () => {
  expect(reasonText({ text, detail: '' })).toBe(text);
});

test('the last lines of ffmpeg follow, on one line, bounded and without control characters', () => {
  const detail = ['first', 'second', '\u001B[0m[mov] moov\tatom', 'last\u2028line'].join('\n');
  expect(reasonText({ text, detail })).toBe(
    `${text} (Details: second | [0m[mov] moov atom | last line)`,
  );
  expect(reasonText({ text, detail: 'x'.repeat(10_000) }).length).toBeLessThan(400);
});
