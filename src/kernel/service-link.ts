import { AppError } from '../contracts/errors.ts';
import type { CallRules } from '../contracts/service-calls.ts';
import type { ServiceName } from '../contracts/services.ts';
import { admitCall, closedBreaker, noteCall } from './breaker-state.ts';
import type { BreakerState } from './breaker-state.ts';
import { readAnswer } from './call-answer.ts';
import type { CallAnswer } from './call-answer.ts';
import { currentCall, sendCall } from './call-context.ts';
import type { SentCallContext } from './call-context.ts';
import type { Logger } from './logger.ts';
import { traceStep } from './trace-scope.ts';
import { withDeadline } from './with-deadline.ts';

const ATTEMPTS = 3;
const FIRST_PAUSE_MS = 50;
const RETRY_AFTER_SECONDS = 5;

/** A service binding: `fetch`, and by RPC one method for every call of the service's contract. */
export interface ServiceBinding {
  fetch(request: Request): Promise<Response>;
  readonly [method: string]: (...args: never) => Promise<unknown>;
}

/** What this isolate has seen of a service, for `/health`. */
export interface LinkState {
  readonly breaker: BreakerState['phase'];
  readonly calls: number;
  readonly failures: number;
  readonly retries: number;
}

/**
 * The way to a service in another Worker. Every call has a deadline that travels with it, idempotent calls are repeated with
 * jitter, and a service that keeps failing is left alone for a while. Throws `service.unavailable` when the service gives no answer.
 */
export class ServiceLink {
  readonly name: ServiceName;
  private readonly binding: ServiceBinding;
  private readonly logger: Logger;
  private breaker = closedBreaker(Date.now());
  private readonly seen = { calls: 0, failures: 0, retries: 0 };

  constructor(name: ServiceName, binding: ServiceBinding, logger: Logger) {
    this.name = name;
    this.binding = binding;
    this.logger = logger.with({ callee: name });
  }

  /** Calls a method of the service's contract. Throws the service's own errors as they are. */
  async call(method: string, args: readonly unknown[], rules: CallRules): Promise<unknown> {
    const step = { name: `${this.name}.${method}`, kind: 'client' } as const;
    return traceStep(step, () => this.callUntil(method, args, rules));
  }

  private async callUntil(
    method: string,
    args: readonly unknown[],
    rules: CallRules,
  ): Promise<unknown> {
    const deadlineAt = this.deadlineFor(rules.deadlineMs) ?? Infinity;
    const attempts = rules.idempotent ? ATTEMPTS : 1;
    for (let attempt = 1; ; attempt += 1) {
      try {
        return readAnswer(await this.attempt(deadlineAt, (sent) => this.send(method, sent, args)));
      } catch (error) {
        const pauseMs = Math.random() * FIRST_PAUSE_MS * 2 ** attempt;
        const hasTime = Date.now() + pauseMs < deadlineAt;
        if (!(error instanceof NoAnswer)) throw error;
        if (!error.isWorthRepeating || attempt >= attempts || !hasTime)
          throw this.unavailable(method, error);
        this.seen.retries += 1;
        await new Promise((resolve) => setTimeout(resolve, pauseMs));
      }
    }
  }

  /** Sends an HTTP request; `deadlineMs` is the time to the head of the answer, where there is one. Bodies are streamed both ways. */
  async fetch(
    toRequest: (sent: SentCallContext) => Request,
    deadlineMs: number | undefined,
  ): Promise<Response> {
    try {
      const step = { name: `${this.name}.fetch`, kind: 'client' } as const;
      const deadlineAt = this.deadlineFor(deadlineMs);
      return await traceStep(step, () =>
        this.attempt(deadlineAt, (sent) => this.binding.fetch(toRequest(sent))),
      );
    } catch (error) {
      if (error instanceof NoAnswer) throw this.unavailable('fetch', error);
      throw error;
    }
  }

  state(): LinkState {
    return { breaker: this.breaker.phase, ...this.seen };
  }

  private deadlineFor(deadlineMs: number | undefined): number | undefined {
    const inherited = currentCall()?.deadlineAt;
    const own = deadlineMs === undefined ? undefined : Date.now() + deadlineMs;
    if (own === undefined || inherited === undefined) return own ?? inherited;
    return Math.min(own, inherited);
  }

  private send(
    method: string,
    sent: SentCallContext,
    args: readonly unknown[],
  ): Promise<CallAnswer> {
    const call = this.binding[method] as unknown as RemoteMethod;
    // A method taken off a binding works without it; called on it, the runtime sees one call.
    return Reflect.apply(call, this.binding, [sent, ...args]);
  }

  /** One attempt, by the breaker's leave. Throws {@link NoAnswer}. */
  private async attempt<T>(
    deadlineAt: number | undefined,
    work: (sent: SentCallContext) => Promise<T>,
  ): Promise<T> {
    const { admitted, state } = admitCall(this.breaker, Date.now());
    this.breaker = state;
    if (!admitted) throw new NoAnswer('its calls failed just now', false);
    this.seen.calls += 1;
    try {
      const remainingMs = deadlineAt === undefined ? undefined : deadlineAt - Date.now();
      const answer = work(sendCall(remainingMs));
      const value = await (remainingMs === undefined ? answer : withDeadline(answer, remainingMs));
      this.breaker = noteCall(this.breaker, true, Date.now());
      return value;
    } catch (error) {
      this.seen.failures += 1;
      this.breaker = noteCall(this.breaker, false, Date.now());
      throw new NoAnswer(error instanceof Error ? error.message : String(error), true);
    }
  }

  private unavailable(method: string, error: NoAnswer): AppError {
    this.logger.warn('call.failed', { method, reason: error.message, ...this.state() });
    return new AppError(
      'service.unavailable',
      `The ${this.name} service does not answer at the moment. Try again shortly.`,
      { retryAfterSeconds: RETRY_AFTER_SECONDS },
      error.message,
    );
  }
}

type RemoteMethod = (sent: SentCallContext, ...args: unknown[]) => Promise<CallAnswer>;

/** The service gave no answer at all; what it answers, an error too, is not this. */
class NoAnswer extends Error {
  readonly isWorthRepeating: boolean;

  constructor(reason: string, isWorthRepeating: boolean) {
    super(reason);
    this.isWorthRepeating = isWorthRepeating;
  }
}
