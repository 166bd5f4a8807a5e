import { describe, expect, test } from 'vitest';

import { AppError } from '../../src/contracts/errors.ts';
import { answerCall } from '../../src/kernel/call-answer.ts';
import type { SentCallContext } from '../../src/kernel/call-context.ts';
import { currentCall, receiveCall, runInCall } from '../../src/kernel/call-context.ts';
import { createLogger } from '../../src/kernel/logger.ts';
import { ServiceLink } from '../../src/kernel/service-link.ts';

const READ = { deadlineMs: 2000, idempotent: true };
const ONCE = { deadlineMs: 2000, idempotent: false };

/** A link to a service whose method `work` does this; `seen` are the contexts that arrived. */
function linkTo(work: (attempt: number) => Promise<unknown>): {
  link: ServiceLink;
  seen: SentCallContext[];
} {
  const seen: SentCallContext[] = [];
  const binding = {
    fetch: async () => new Response('ok'),
    work: async (sent: SentCallContext) => {
      seen.push(sent);
      return work(seen.length);
    },
  };
  const link = new ServiceLink('metadata', binding, createLogger('error'));
  return { link, seen };
}

const broken = async (): Promise<never> => {
  throw new Error('connection lost');
};

describe('ServiceLink', () => {
  test('repeats an idempotent call that got no answer', async () => {
    const { link, seen } = linkTo((attempt) =>
      attempt < 3 ? broken() : answerCall(async () => 'there'),
    );
    expect(await link.call('work', [], READ)).toBe('there');
    expect(seen).toHaveLength(3);
    expect(link.state()).toMatchObject({ calls: 3, failures: 2, retries: 2 });
  });

  test('never repeats another call, and says which service is at fault', async () => {
    const { link, seen } = linkTo(broken);
    await expect(link.call('work', [], ONCE)).rejects.toMatchObject({
      name: 'AppError',
      code: 'service.unavailable',
      message: expect.stringContaining('metadata'),
    });
    expect(seen).toHaveLength(1);
  });

  test('an error that the service answers is an answer: passed on by its code, not repeated', async () => {
    const { link, seen } = linkTo(() =>
      answerCall(async () => {
        throw new AppError('video.busy', 'Wait.', { pointer: '/uid' });
      }),
    );
    await expect(link.call('work', [], READ)).rejects.toMatchObject({
      code: 'video.busy',
      message: 'Wait.',
      details: { pointer: '/uid' },
    });
    expect(seen).toHaveLength(1);
    expect(link.state().failures).toBe(0);
  });

  test('what went wrong inside the service does not reach the caller’s message', async () => {
    const { link } = linkTo(() => answerCall(() => Promise.reject(new TypeError('secret'))));
    const error: unknown = await link.call('work', [], READ).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: 'internal', cause: 'TypeError: secret' });
    expect(String(error)).not.toContain('secret');
  });

  test('a service that hangs costs no more than the deadline, and after a few calls nothing', async () => {
    const { link, seen } = linkTo(() => new Promise(() => undefined));
    const hurried = { deadlineMs: 20, idempotent: true };
    for (let i = 0; i < 8; i += 1)
      await expect(link.call('work', [], hurried)).rejects.toMatchObject({
        code: 'service.unavailable',
      });
    expect(link.state().breaker).toBe('open');
    expect(seen).toHaveLength(5);
  });

  test('the caller’s own deadline and request id travel along', async () => {
    const { link, seen } = linkTo(() => answerCall(async () => undefined));
    const call = { requestId: 'req_1', deadlineAt: Date.now() + 500 };
    await runInCall(call, () => link.call('work', [], READ));
    expect(seen[0]).toMatchObject({ requestId: 'req_1' });
    expect(seen[0]?.remainingMs).toBeLessThanOrEqual(500);
    const received = receiveCall(seen[0] ?? {}, 0);
    await runInCall(received, async () => {
      expect(currentCall()?.deadlineAt).toBeLessThanOrEqual(500);
    });
  });

  test('what goes on after the answer has no deadline any more', async () => {
    const { link } = linkTo(() => answerCall(async () => 'later'));
    const call = { deadlineAt: Date.now() - 1 };
    let rest: Promise<unknown> = Promise.resolve();
    await runInCall(call, async () => {
      rest = new Promise((resolve) => setTimeout(resolve, 5)).then(() =>
        link.call('work', [], READ),
      );
    });
    expect(await rest).toBe('later');
  });
});
