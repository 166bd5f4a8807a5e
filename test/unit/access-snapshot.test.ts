import { describe, expect, test } from 'vitest';

import type { AccessTokenSnapshot } from '../../src/contracts/service-apis.ts';
import { createLogger } from '../../src/kernel/logger.ts';
import { AccessSnapshot } from '../../workers/gateway/access-snapshot.ts';
import { FRESH_MS, RETRY_AFTER_MS, USABLE_MS } from '../../workers/gateway/snapshot-freshness.ts';

const silent = createLogger('error');

/** A holder over an auth service whose answer and health the test sets; `reads` counts its calls. */
function aHolder(): {
  readonly holder: AccessSnapshot;
  readonly auth: { reads: number; broken: boolean; answer: AccessTokenSnapshot };
} {
  const auth = { reads: 0, broken: false, answer: aSnapshot(['key_1']) };
  const holder = new AccessSnapshot(async () => {
    auth.reads += 1;
    if (auth.broken) throw new Error('D1 is down');
    return auth.answer;
  }, silent);
  return { holder, auth };
}

function aSnapshot(kids: readonly string[], revokedTokenIds: string[] = []): AccessTokenSnapshot {
  return { keys: { keys: kids.map((kid) => ({ kty: 'OKP', kid })) }, revokedTokenIds };
}

describe('AccessSnapshot', () => {
  test('reads once in thirty seconds and sees a revocation then', async () => {
    const { holder, auth } = aHolder();
    for (let now = 0; now <= FRESH_MS; now += 1000) await holder.get('key_1', now);
    expect(auth.reads).toBe(1);
    auth.answer = aSnapshot(['key_1'], ['tok_1']);
    expect((await holder.get('key_1', FRESH_MS + 1)).revokedTokenIds).toEqual(['tok_1']);
    expect(auth.reads).toBe(2);
  });

  test('serves the last good set through an outage of five minutes, then refuses', async () => {
    const { holder, auth } = aHolder();
    await holder.get('key_1', 0);
    auth.broken = true;
    expect(await holder.get('key_1', USABLE_MS)).toBe(auth.answer);
    await expect(holder.get('key_1', USABLE_MS + 1)).rejects.toMatchObject({
      code: 'service.unavailable',
    });
    auth.broken = false;
    expect(await holder.get('key_1', USABLE_MS + 2)).toBe(auth.answer);
  });

  test('an outage and unknown keys make no stream of reads', async () => {
    const { holder, auth } = aHolder();
    await holder.get('key_1', 0);
    auth.broken = true;
    for (let now = FRESH_MS + 1; now < FRESH_MS + RETRY_AFTER_MS; now += 100)
      await holder.get('key_1', now);
    expect(auth.reads).toBe(2);
    auth.broken = false;
    const later = 2 * FRESH_MS;
    await holder.get('key_1', later);
    for (let i = 0; i < 20; i += 1) await holder.get(`made-up-${i}`, later + 10 * i);
    expect(auth.reads).toBe(3);
  });

  test('an unknown key is looked up soon', async () => {
    const { holder, auth } = aHolder();
    await holder.get('key_1', 0);
    auth.answer = aSnapshot(['key_1', 'key_2']);
    expect((await holder.get('key_2', RETRY_AFTER_MS)).keys.keys).toHaveLength(2);
  });

  test('a slow read never replaces a later one', async () => {
    const first = Promise.withResolvers<AccessTokenSnapshot>();
    const answers = [first.promise, Promise.resolve(aSnapshot(['key_1'], ['tok_1']))];
    const holder = new AccessSnapshot(async () => (await answers.shift()) ?? aSnapshot([]), silent);
    const slow = holder.get('key_1', 0);
    await holder.get('key_1', RETRY_AFTER_MS);
    first.resolve(aSnapshot(['key_1']));
    expect((await slow).revokedTokenIds).toEqual(['tok_1']);
  });
});
