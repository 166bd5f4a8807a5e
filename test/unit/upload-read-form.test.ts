import { describe, expect, test } from 'vitest';

import { readForm } from '../../workers/upload/read-form.ts';
import type { ReadForm } from '../../workers/upload/read-form.ts';

const NAME = Array.from({ length: 400 }, (_, n) => `word${n}`).join(' ');
const FILE = Buffer.from('\r\n--edgy\n-\r\n--edg moov --'.repeat(300));
const FORM = Buffer.concat([
  Buffer.from(`--edge\r\ncontent-disposition: form-data; name="name"\r\n\r\n${NAME}\r\n`),
  Buffer.from(
    '--edge\r\ncontent-disposition: form-data; name="file"; filename="Фильм %22é文🎬%22.mp4"\r\n\r\n',
  ),
  FILE,
  Buffer.from(
    `\r\n--edge\r\ncontent-disposition: form-data; name="creator"\r\n\r\n${NAME}\r\n--edge--`,
  ),
]);

async function readInPieces(
  nextLength: () => number,
): Promise<ReadForm & { readonly file: Buffer }> {
  let at = 0;
  const body = new ReadableStream<Uint8Array>({
    type: 'bytes',
    pull(controller) {
      if (at < FORM.length) {
        const end = at + nextLength();
        controller.enqueue(Uint8Array.from(FORM.subarray(at, end)));
        at = end;
        return;
      }
      controller.close();
      if ('byobRequest' in controller) controller.byobRequest?.respond(0);
    },
  });
  const taken: Buffer[] = [];
  const form = await readForm(body, 'multipart/form-data; boundary=edge', async (bytes) => {
    taken.push(Buffer.from(bytes));
  });
  return { ...form, file: Buffer.concat(taken) };
}

function expectWhole(form: ReadForm & { readonly file: Buffer }): void {
  expect(form.file.equals(FILE)).toBe(true);
  expect(form).toMatchObject({ filename: 'Фильм "é文🎬".mp4', sizeBytes: FILE.length });
  expect(form.fields.get('name')).toBe(NAME);
  expect(form.fields.get('creator')).toBe(NAME);
}

describe('readForm', () => {
  test.each([1, 2, 3, 7, 50, 100, 777, 4096, 100_000])(
    'reads the same in pieces of %i bytes',
    async (length) => {
      expectWhole(await readInPieces(() => length));
    },
  );

  test('reads the same wherever it is cut in two', async () => {
    for (let cut = 1; cut < FORM.length; cut += 1) {
      const lengths = [cut];
      expectWhole(await readInPieces(() => lengths.pop() ?? FORM.length));
    }
  });

  test('reads the same in pieces of changing lengths', async () => {
    for (let seed = 1; seed <= 200; seed += 1) {
      let state = seed;
      const nextLength = (): number => {
        state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
        return 1 + ((state >> 8) % (seed % 2 === 0 ? 30 : 3000));
      };
      expectWhole(await readInPieces(nextLength));
    }
  });
});
