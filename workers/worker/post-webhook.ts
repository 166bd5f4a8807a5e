import { refuseTarget } from '../../src/http/outgoing-target.ts';
import type { DeliveryAttempt } from '../../src/db/worker.ts';
import { parseRetryAfter } from './delivery-schedule.ts';
import { signWebhook } from './sign-webhook.ts';

const DEADLINE_MS = 10_000;
const EXCERPT_BYTES = 1024;

export interface WebhookMessage {
  readonly url: string;
  /** The newest first. */
  readonly secrets: readonly string[];
  readonly body: string;
  readonly deliveryId: string;
  readonly eventId: string;
  readonly eventType: string;
}

export interface PostResult extends DeliveryAttempt {
  readonly ok: boolean;
  readonly retryAfterSeconds?: number;
}

/** Sends one message, once. Never throws: what went wrong stands in the result. Redirects are not followed, and little of the answer is read. */
export async function postWebhook(
  message: WebhookMessage,
  allowedHosts: readonly string[],
): Promise<PostResult> {
  const at = Date.now();
  const refusal = refuseTarget(message.url, allowedHosts);
  if (refusal !== undefined) return { at, latencyMs: 0, ok: false, error: `The URL ${refusal}.` };
  try {
    const response = await fetch(message.url, {
      method: 'POST',
      redirect: 'manual',
      headers: await headersOf(message, at),
      body: message.body,
      signal: AbortSignal.timeout(DEADLINE_MS),
    });
    const { status } = response;
    const excerpt = await readExcerpt(response.body);
    const retryAfterSeconds = parseRetryAfter(response.headers.get('retry-after'), Date.now());
    return {
      at,
      latencyMs: Date.now() - at,
      status,
      ok: response.ok,
      ...(excerpt !== '' && { excerpt }),
      ...(status >= 300 && status < 400 && { error: 'Redirects are not followed.' }),
      ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
    };
  } catch (error) {
    return { at, latencyMs: Date.now() - at, ok: false, error: describe(error) };
  }
}

async function headersOf(message: WebhookMessage, now: number): Promise<Record<string, string>> {
  return {
    'content-type': 'application/json',
    'user-agent': 'StreamGate-Webhook/1.0',
    'webhook-signature': await signWebhook(message.body, message.secrets, Math.floor(now / 1000)),
    'webhook-event-id': message.eventId,
    'webhook-event-type': message.eventType,
    'webhook-delivery-id': message.deliveryId,
  };
}

/** The first kilobyte as text; the rest is never read. An answer that breaks off keeps what came. */
async function readExcerpt(stream: ReadableStream<Uint8Array> | null): Promise<string> {
  if (stream === null) return '';
  const reader = stream.getReader();
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    while (size < EXCERPT_BYTES) {
      const { done, value } = await reader.read();
      if (done) break;
      chunks.push(value);
      size += value.length;
    }
  } catch {
    // The status has arrived, and that is what counts.
  }
  reader.cancel().catch(() => undefined);
  return Buffer.concat(chunks).subarray(0, EXCERPT_BYTES).toString('utf8');
}

function describe(error: unknown): string {
  if (error instanceof Error && error.name === 'TimeoutError')
    return `No answer within ${DEADLINE_MS / 1000} s.`;
  return error instanceof Error ? error.message : String(error);
}
