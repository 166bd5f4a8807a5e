import { IMAGE_DEADLINE_MS, IMAGE_TYPES } from '../../src/contracts/image-task.ts';
import type { ImageOrder } from '../../src/contracts/image-task.ts';
import { isAppError } from '../../src/contracts/errors.ts';
import type { Logger } from '../../src/kernel/logger.ts';
import type { Encoder } from './encoder.ts';

/** Images that one runner has in the works; the encoder has a shorter queue of its own. */
const MAX_FLIGHTS = 8;
/** An encoder that did not answer is not asked again for so long. */
const REST_MS = 2000;
/** Images kept of one run; beyond that old ones go and are made again when somebody asks. */
const MAX_KEPT = 1000;

export interface ImageParts {
  readonly bucket: R2Bucket;
  readonly encoder: Encoder;
  readonly logger: Logger;
}

/** Makes images for one runner: the same image once at a time, few at once, none while the encoder is away. */
export class ImageMaker {
  private readonly flights = new Map<string, Promise<boolean>>();
  private readonly maxKept: number;
  private restsUntil = 0;

  constructor(maxKept: number = MAX_KEPT) {
    this.maxKept = maxKept;
  }

  /** True when the image is in the store. Never throws: a viewer gets another picture instead. */
  async make(order: ImageOrder, parts: ImageParts): Promise<boolean> {
    const flying = this.flights.get(order.key);
    if (flying !== undefined) return flying;
    if (this.flights.size >= MAX_FLIGHTS || Date.now() < this.restsUntil) return false;
    const flight = this.fly(order, parts);
    this.flights.set(order.key, flight);
    try {
      return await flight;
    } finally {
      this.flights.delete(order.key);
    }
  }

  private async fly(order: ImageOrder, parts: ImageParts): Promise<boolean> {
    try {
      if (await makeOne(order, parts)) await this.prune(order.key, parts.bucket);
      return true;
    } catch (error) {
      if (isAppError(error) && error.code === 'task.unavailable')
        this.restsUntil = Date.now() + REST_MS;
      parts.logger.warn('image.failed', { key: order.key, error });
      return false;
    }
  }

  /** Whoever walks through all times and sizes fills no store. */
  private async prune(key: string, bucket: R2Bucket): Promise<void> {
    const prefix = key.slice(0, key.lastIndexOf('/') + 1);
    const { objects, truncated } = await bucket.list({ prefix, limit: this.maxKept });
    if (!truncated) return;
    await bucket.delete(objects.map((object) => object.key).filter((each) => each !== key));
  }
}

/** False when it was there already. */
async function makeOne(order: ImageOrder, { bucket, encoder }: ImageParts): Promise<boolean> {
  if ((await bucket.head(order.key)) !== null) return false;
  const signal = AbortSignal.timeout(IMAGE_DEADLINE_MS);
  const response = await encoder.image(order.task, openInput(order, bucket), signal);
  if (!response.ok || response.body === null) {
    const reason = await response.text();
    throw new Error(`the encoder answered ${response.status}: ${reason.slice(0, 300)}`);
  }
  // Null when somebody else has written it in between.
  await bucket.put(order.key, response.body, {
    onlyIf: { etagDoesNotMatch: '*' },
    httpMetadata: { contentType: IMAGE_TYPES[order.task.format] },
  });
  return true;
}

/** The runs of bytes back to back, streamed: nothing of them is held here. */
function openInput({ input }: ImageOrder, bucket: R2Bucket): ReadableStream {
  const length = input.reduce((sum, run) => sum + run.length, 0);
  const { readable, writable } = new FixedLengthStream(length);
  void pour(input, bucket, writable);
  return readable;
}

async function pour(
  input: ImageOrder['input'],
  bucket: R2Bucket,
  writable: WritableStream,
): Promise<void> {
  try {
    for (const { key, offset, length } of input) {
      const object = await bucket.get(key, { range: { offset, length } });
      if (object === null) throw new Error(`${key} is not in the store`);
      await object.body.pipeTo(writable, { preventClose: true });
    }
    await writable.close();
  } catch (error) {
    // Whoever reads the other end sees it; a reader that went away is no fault.
    await writable.abort(error).catch(() => undefined);
  }
}
