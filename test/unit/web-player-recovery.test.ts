import { createServer } from 'node:http';

import { describe, expect, test } from 'vitest';

import { openManifest } from '../../web/src/open-manifest.ts';
import { createRecoveryBudget } from '../../web/src/recovery-budget.ts';
import { createStallJudge } from '../../web/src/stall-watch.ts';

describe('createRecoveryBudget', () => {
  test('ends a loop of errors at one place, however much was loaded between them', () => {
    const budget = createRecoveryBudget();
    const tries = [10, 10, 10.1, 10].map((at) => budget.spend(at));
    expect(tries).toEqual([1, 2, 3, undefined]);
  });

  test('begins again when playback got past the error', () => {
    const budget = createRecoveryBudget();
    expect([10, 10, 10, 60].map((at) => budget.spend(at))).toEqual([1, 2, 3, 1]);
  });
});

describe('createStallJudge', () => {
  const waiting = { isWaiting: true, positionSeconds: 4, bufferedSeconds: 4 };

  test('tells of a wait in which nothing moved, and tells again only after another such wait', () => {
    const isStalled = createStallJudge();
    const told = Array.from({ length: 61 }, () => isStalled(waiting));
    expect(told.flatMap((isTold, look) => (isTold ? [look] : []))).toEqual([30, 60]);
  });

  test('a slow download, a pause and playback itself are no stall', () => {
    const isStalled = createStallJudge();
    const download = Array.from({ length: 99 }, (_, look) =>
      isStalled({ ...waiting, bufferedSeconds: look }),
    );
    const pause = Array.from({ length: 99 }, () => isStalled({ ...waiting, isWaiting: false }));
    expect([...download, ...pause]).not.toContain(true);
  });
});

test('a manifest that never comes is no connection, said in time', async () => {
  const server = createServer(() => undefined);
  await new Promise<void>((resolve) => server.listen(0, resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const answer = await openManifest(`http://localhost:${address.port}/`, fetch, 50);
  server.closeAllConnections();
  server.close();
  expect(answer).toMatchObject({ kind: 'refused', status: 0 });
});
