const READ_BYTES = 64 * 1024;
/** More than any part may have: who announces more is not worth listening to. */
const DRAIN_LIMIT_BYTES = 128 * 1024 * 1024;

/** Reads what a client is still sending and throws it away, so that an early answer does not break its connection. Never throws. */
export async function drainBody(body: ReadableStream<Uint8Array> | null): Promise<void> {
  if (body === null || body.locked) return;
  try {
    const reader = body.getReader({ mode: 'byob' });
    let buffer = new Uint8Array(READ_BYTES);
    for (let taken = 0; taken < DRAIN_LIMIT_BYTES;) {
      const { value, done } = await reader.read(buffer);
      if (done) return;
      taken += value.byteLength;
      buffer = new Uint8Array(value.buffer);
    }
  } catch {
    // The client is gone or the body was broken before: there is nothing left to read.
  }
}
