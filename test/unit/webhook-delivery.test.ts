import { createHmac } from 'node:crypto';

import { describe, expect, test } from 'vitest';

import type { CloudEvent, EventData, EventType } from '../../src/contracts/events.ts';
import {
  isHopeless,
  nextAttemptAt,
  parseRetryAfter,
  pauseAfter,
} from '../../workers/worker/delivery-schedule.ts';
import { createWebhookSecret, signWebhook } from '../../workers/worker/sign-webhook.ts';
import { wants } from '../../workers/worker/wants-event.ts';
import { bodyOfEvent } from '../../workers/worker/webhook-body.ts';

const HOUR_MS = 3600_000;

function anEvent<T extends EventType>(type: T, data: EventData<T>): CloudEvent<T> {
  return {
    ...{ specversion: '1.0', id: 'evt_x', source: 'test', type, subject: 'x', data },
    ...{ time: '2026-01-01T00:00:00.000Z', datacontenttype: 'application/json' },
  };
}

/** The times of all attempts when every one fails at once. */
function attemptTimes(random: number): number[] {
  const times = [0];
  for (;;) {
    const now = times.at(-1) ?? 0;
    const next = nextAttemptAt({ attempts: times.length, since: 0, now }, random);
    if (next === undefined) return times;
    times.push(next);
  }
}

describe('attempts', () => {
  test.each([0, 0.5, 0.999])('spread over a day and end then (random %d)', (random) => {
    const times = attemptTimes(random);
    expect(times.length).toBeGreaterThanOrEqual(12);
    expect(times.length).toBeLessThanOrEqual(18);
    expect(times.at(-1)).toBeGreaterThan(19 * HOUR_MS);
    expect(times.at(-1)).toBeLessThanOrEqual(24 * HOUR_MS);
    const gaps = times.slice(1).map((time, index) => time - (times[index] ?? 0));
    expect(gaps).toEqual(gaps.toSorted((a, b) => a - b));
  });

  test('wait as long as the receiver asks, up to an hour', () => {
    const failed = { attempts: 1, since: 0, now: 0 };
    expect(nextAttemptAt({ ...failed, retryAfterSeconds: 600 }, 0)).toBe(600_000);
    expect(nextAttemptAt({ ...failed, retryAfterSeconds: 1e9 }, 0)).toBe(HOUR_MS);
    expect(nextAttemptAt({ ...failed, retryAfterSeconds: 1 }, 0.5)).toBe(5000);
  });

  test('Retry-After is read as seconds or as a date', () => {
    expect(parseRetryAfter('120', 0)).toBe(120);
    expect(parseRetryAfter('Thu, 01 Jan 1970 00:01:00 GMT', 10_000)).toBe(50);
    expect(parseRetryAfter('Thu, 01 Jan 1970 00:00:00 GMT', 10_000)).toBe(0);
    expect(parseRetryAfter('soon', 0)).toBeUndefined();
    expect(parseRetryAfter(null, 0)).toBeUndefined();
  });
});

describe('a failing receiver', () => {
  test('is left alone longer and longer, up to five minutes', () => {
    expect([1, 2, 3, 20].map((failures) => pauseAfter(failures, 0.5))).toEqual([
      5000, 10_000, 20_000, 300_000,
    ]);
  });

  test('is given up after three days of failures only', () => {
    const health = { failures: 40, failingSince: 0 };
    expect(isHopeless(health, 71 * HOUR_MS)).toBe(false);
    expect(isHopeless(health, 72 * HOUR_MS)).toBe(true);
    expect(isHopeless({ ...health, failures: 3 }, 100 * HOUR_MS)).toBe(false);
    expect(isHopeless({ failures: 0, failingSince: null }, 100 * HOUR_MS)).toBe(false);
  });
});

describe('the signature', () => {
  test('is the one of Stream, once a secret', async () => {
    const [newer, older] = [createWebhookSecret(), createWebhookSecret()];
    expect(newer).toMatch(/^[0-9a-f]{64}$/);
    const hmac = (secret: string): string =>
      createHmac('sha256', secret).update('1700000000.{"uid":"ä"}').digest('hex');
    const header = await signWebhook('{"uid":"ä"}', [newer, older], 1_700_000_000);
    expect(header).toBe(`time=1700000000,sig1=${hmac(newer)},sig2=${hmac(older)}`);
  });
});

describe('what is sent', () => {
  const run = { uid: 'a'.repeat(32), accountId: 'one', revision: '1' };

  test('of a ready video is the Video object in the state of the event', () => {
    const event = anEvent('video.ready', run);
    const video = { uid: run.uid, status: { state: 'queued', step: 'encoding' } };
    expect(JSON.parse(bodyOfEvent(event, video))).toMatchObject({
      uid: run.uid,
      status: { state: 'ready', step: 'encoding' },
    });
  });

  test('of a failed video names the reason as the API and as the documentation do', () => {
    const data = { ...run, reasonCode: 'ERR_NON_VIDEO', reasonText: 'no video in it' };
    const event = anEvent('video.failed', data);
    expect(JSON.parse(bodyOfEvent(event, { uid: run.uid, status: {} }))).toMatchObject({
      status: {
        state: 'error',
        errorReasonCode: 'ERR_NON_VIDEO',
        errReasonCode: 'ERR_NON_VIDEO',
        errReasonText: 'no video in it',
      },
    });
  });

  test('depends on what the webhook asked for', () => {
    expect(wants({ enabled: true, events: ['*'] }, 'video.deleted')).toBe(true);
    expect(wants({ enabled: true, events: ['*'] }, 'alert.triggered')).toBe(false);
    expect(wants({ enabled: true, events: ['alert.triggered'] }, 'alert.triggered')).toBe(true);
    expect(wants({ enabled: true, events: ['video.ready'] }, 'video.failed')).toBe(false);
    expect(wants({ enabled: false, events: ['*'] }, 'video.ready')).toBe(false);
  });
});
