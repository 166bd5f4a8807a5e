import { readInit } from '../../src/media/codec-string.ts';
import { readFragmentHeader } from '../../src/media/fmp4-fragment.ts';
import { withEditList } from '../../src/media/init-edit-list.ts';
import { Mp4FormatError } from '../../src/media/mp4-boxes.ts';
import { mutate } from './mutate.ts';
import { createRandom } from './random.ts';

/** Reads a damaged fragmented file as the Worker and the packager do. Throws whatever is not a clear refusal. */
export function fuzzParsers(fragmented: Buffer, seed: number): void {
  const moof = fragmented.indexOf('moof', 0, 'latin1') - 4;
  const random = createRandom(seed);
  const init = mutate(fragmented.subarray(0, moof), random, [fragmented]);
  const segment = mutate(fragmented.subarray(moof), random, [fragmented]);
  refusesClearly(() => readInit(init));
  refusesClearly(() => withEditList(init, 1024));
  refusesClearly(() => readFragmentHeader(segment));
}

function refusesClearly(read: () => unknown): void {
  try {
    read();
  } catch (error) {
    if (!(error instanceof Mp4FormatError)) throw error;
  }
}
