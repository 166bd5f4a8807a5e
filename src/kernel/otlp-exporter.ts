import type { Logger } from './logger.ts';
import { toOtlpTraces } from './otlp-traces.ts';
import type { ResourceSpans } from './otlp-traces.ts';
import { afterFailure, afterSuccess, isResting, WELL } from './receiver-rest.ts';

const SEND_DEADLINE_MS = 5000;

export interface OtlpOptions {
  /** Base address; `/v1/traces` is added. */
  readonly endpoint: string;
  /** For the receiver's own authentication. */
  readonly headers: Readonly<Record<string, string>>;
  readonly logger: Logger;
}

/** Sends spans to an OTLP/HTTP receiver. What does not arrive is lost; a receiver that fails is left alone for a while. */
export class OtlpExporter {
  private readonly url: string;
  private readonly headers: Readonly<Record<string, string>>;
  private readonly logger: Logger;
  private receiver = WELL;

  constructor({ endpoint, headers, logger }: OtlpOptions) {
    this.url = `${endpoint.replace(/\/+$/, '')}/v1/traces`;
    this.headers = { ...headers, 'content-type': 'application/json' };
    this.logger = logger;
  }

  /** Never throws and takes five seconds at most. */
  async send(batches: readonly ResourceSpans[]): Promise<void> {
    if (isResting(this.receiver, Date.now())) return;
    try {
      const response = await fetch(this.url, {
        method: 'POST',
        headers: this.headers,
        body: JSON.stringify(toOtlpTraces(batches)),
        redirect: 'manual',
        signal: AbortSignal.timeout(SEND_DEADLINE_MS),
      });
      await response.body?.cancel();
      if (!response.ok) throw new Error(`the receiver answered ${response.status}`);
      this.receiver = afterSuccess();
    } catch (error) {
      this.receiver = afterFailure(this.receiver, Date.now());
      const { restsUntil } = this.receiver;
      this.logger.warn('traces.export.failed', { error, restMs: restsUntil - Date.now() });
    }
  }
}
