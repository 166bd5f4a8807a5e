import { describe, expect, test } from 'vitest';

import { partLength, planParts } from '../../workers/upload/plan-parts.ts';
import { PartBuffer } from '../../workers/upload/part-buffer.ts';
import {
  CLAIM_LEASE_MS,
  closeUpload,
  decideClaim,
  decideComplete,
  decideRecord,
  expireUpload,
  isForgettable,
  moveExpiry,
  nextAlarm,
  openUpload,
  publicState,
  RETENTION_MS,
  sealSize,
} from '../../workers/upload/upload-state.ts';
import type { PartSlot, UploadState } from '../../workers/upload/upload-state.ts';

const MIB = 1024 * 1024;
const NOW = 1_000_000;
const PART = { partNumber: 1, sizeBytes: 8 * MIB, etag: 'e1' };

function anUpload(more: Partial<UploadState> = {}): UploadState {
  return {
    ...openUpload({
      id: 'upl_1',
      uid: 'u',
      accountId: 'a',
      name: 'n',
      partSizeBytes: 8 * MIB,
      size: { sizeBytes: 8 * MIB + 5, partCount: 2 },
      createdAt: 0,
      expiresAt: NOW + 60_000,
    }),
    multipartId: 'm',
    ...more,
  };
}

function claim(state: UploadState, slot: PartSlot, now = NOW, more = {}): string {
  const wish = { partNumber: 1, sizeBytes: 8 * MIB, claimId: 'me', ...more };
  return decideClaim(state, slot, wish, now).kind;
}

describe('planParts', () => {
  test.each([
    [1, undefined, 8 * MIB, 1],
    [8 * MIB, undefined, 8 * MIB, 1],
    [8 * MIB + 1, undefined, 8 * MIB, 2],
    [9500 * 8 * MIB, undefined, 8 * MIB, 9500],
    [9500 * 8 * MIB + 1, undefined, 9 * MIB, 8445],
    [100 * MIB, 95 * MIB, 95 * MIB, 2],
  ])('cuts %i bytes (wanted %s)', (size, wanted, partSizeBytes, partCount) => {
    expect(planParts(size, wanted)).toEqual({ partSizeBytes, partCount });
  });

  test('refuses more parts than R2 takes', () => {
    expect(planParts(10_000 * 5 * MIB, 5 * MIB)?.partCount).toBe(10_000);
    expect(planParts(10_000 * 5 * MIB + 1, 5 * MIB)).toBeUndefined();
  });

  test('the lengths of the parts add up to the file', () => {
    for (const sizeBytes of [1, 8 * MIB, 8 * MIB + 1, 50 * MIB - 1]) {
      const parts = planParts(sizeBytes) ?? { partSizeBytes: 0, partCount: 0 };
      const plan = { sizeBytes, ...parts };
      let sum = 0;
      for (let n = 1; n <= plan.partCount; n += 1) sum += partLength(plan, n) ?? Number.NaN;
      expect(sum).toBe(sizeBytes);
      expect(partLength(plan, 0)).toBeUndefined();
      expect(partLength(plan, plan.partCount + 1)).toBeUndefined();
    }
  });
});

describe('decideClaim', () => {
  test('a free part is claimed for the length of the lease', () => {
    const wish = { partNumber: 2, sizeBytes: 5, claimId: 'me' };
    expect(decideClaim(anUpload(), {}, wish, NOW)).toMatchObject({
      kind: 'claimed',
      until: NOW + CLAIM_LEASE_MS,
    });
  });

  test('one writer at a time, until its lease has run out', () => {
    const slot = { claim: { claimId: 'other', until: NOW + 1, since: NOW } };
    expect(claim(anUpload(), slot)).toBe('busy');
    expect(claim(anUpload(), slot, NOW + 1)).toBe('claimed');
    expect(claim(anUpload(), { claim: { claimId: 'me', until: NOW + 1, since: NOW } })).toBe(
      'claimed',
    );
  });

  test('a writer that shows no end gives way when another one asks, later for a larger part', () => {
    const claimed = (since: number) => ({ claim: { claimId: 'other', until: NOW + 9000, since } });
    expect(claim(anUpload(), claimed(NOW - 90_000))).toBe('busy');
    expect(claim(anUpload(), claimed(NOW - 96_000))).toBe('claimed');
    const last = { partNumber: 2, sizeBytes: 5 };
    expect(claim(anUpload(), claimed(NOW - 29_000), NOW, last)).toBe('busy');
    expect(claim(anUpload(), claimed(NOW - 31_000), NOW, last)).toBe('claimed');
  });

  test('a recorded part stays as it is, also after the end', () => {
    expect(claim(anUpload(), { recorded: PART })).toBe('recorded');
    const phase = { kind: 'completed', revision: 'r', at: 0 } as const;
    expect(claim(anUpload({ phase }), { recorded: PART })).toBe('recorded');
    expect(claim(anUpload({ phase }), {})).toBe('closed');
  });

  test('wrong numbers and lengths are refused before anything else', () => {
    expect(claim(anUpload(), { recorded: PART }, NOW, { sizeBytes: 1 })).toBe('wrong-length');
    expect(claim(anUpload(), {}, NOW, { partNumber: 3 })).toBe('outside');
    expect(claim(anUpload(), {}, NOW + 60_000)).toBe('closed');
  });
});

describe('decideRecord', () => {
  const mine = { ...PART, claimId: 'me' };

  test('believes the holder of the claim only', () => {
    const until = NOW - 1;
    const record = (slot: PartSlot): string => decideRecord(anUpload(), slot, mine, NOW).kind;
    expect(record({ claim: { claimId: 'me', until, since: 0 } })).toBe('recorded');
    expect(record({ claim: { claimId: 'other', until, since: 0 } })).toBe('lost');
    expect(record({})).toBe('lost');
    expect(record({ recorded: { ...PART, etag: 'e2' } })).toBe('lost');
    expect(record({ recorded: PART })).toBe('recorded');
  });

  test('nothing counts after the end', () => {
    const closing = closeUpload(anUpload(), 'aborted');
    const slot = { claim: { claimId: 'me', until: NOW + 1, since: NOW } };
    expect(decideRecord(closing, slot, mine, NOW)).toEqual({ kind: 'closed', state: 'aborted' });
  });
});

describe('decideComplete', () => {
  test('fixes the revision once', () => {
    const first = decideComplete(anUpload(), [2, 1], 'r1', NOW);
    if (first.kind !== 'go') throw new Error(first.kind);
    expect(first.state.phase).toEqual({ kind: 'completing', revision: 'r1', assembled: false });
    expect(decideComplete(first.state, [], 'r2', NOW)).toEqual({ kind: 'go', state: first.state });
  });

  test('names what is missing, and never begins after the end', () => {
    expect(decideComplete(anUpload(), [2], 'r', NOW)).toEqual({ kind: 'incomplete', missing: [1] });
    expect(decideComplete(anUpload(), [1, 2], 'r', NOW + 60_000)).toMatchObject({
      state: 'expired',
    });
    const aborted = closeUpload(anUpload(), 'aborted');
    expect(decideComplete(aborted, [1, 2], 'r', NOW)).toMatchObject({ state: 'aborted' });
  });

  test('a form is incomplete until its size is fixed', () => {
    const { size: _, ...form } = anUpload();
    expect(decideComplete(form, [1], 'r', NOW).kind).toBe('incomplete');
    const sealed = sealSize(form, 3);
    expect(decideComplete(sealed, [1], 'r', NOW).kind).toBe('go');
    expect(sealSize(sealed, 99)).toBe(sealed);
  });
});

describe('the end of an upload', () => {
  test('closes only what is open', () => {
    const completed = anUpload({ phase: { kind: 'completed', revision: 'r', at: 0 } });
    expect(closeUpload(completed, 'aborted')).toBe(completed);
    expect(publicState(closeUpload(anUpload(), 'aborted'), NOW)).toBe('aborted');
  });

  test('expires what is open past its time, and what R2 refuses to join for a day more', () => {
    const open = anUpload();
    expect(expireUpload(open, NOW)).toBe(open);
    expect(expireUpload(open, open.expiresAt).phase).toEqual({
      kind: 'closing',
      reason: 'expired',
    });
    const completing = (assembled: boolean): UploadState =>
      anUpload({ phase: { kind: 'completing', revision: 'r', assembled } });
    expect(expireUpload(completing(false), open.expiresAt).phase.kind).toBe('completing');
    const late = open.expiresAt + RETENTION_MS;
    expect(expireUpload(completing(false), late).phase.kind).toBe('closing');
    expect(expireUpload(completing(true), late).phase.kind).toBe('completing');
  });

  test('the alarm backs off with failures, at most a minute', () => {
    const phase = { kind: 'closing', reason: 'expired' } as const;
    const delays = [1, 2, 3, 7, 50].map(
      (failures) => nextAlarm(anUpload({ phase, failures }), NOW) - NOW,
    );
    expect(delays).toEqual([1000, 2000, 4000, 60_000, 60_000]);
    expect(nextAlarm(anUpload(), NOW)).toBe(NOW + 60_000);
  });

  test('is forgotten a day later', () => {
    const closed = anUpload({ phase: { kind: 'closed', reason: 'aborted', at: NOW } });
    expect(nextAlarm(closed, NOW)).toBe(NOW + RETENTION_MS);
    expect(isForgettable(closed, NOW + RETENTION_MS - 1)).toBe(false);
    expect(isForgettable(closed, NOW + RETENTION_MS)).toBe(true);
    expect(isForgettable(anUpload(), NOW + 10 * RETENTION_MS)).toBe(false);
  });
});

describe('PartBuffer', () => {
  test('makes equal parts of pieces of any lengths', async () => {
    for (const piece of [1, 3, 4, 5, 9, 20]) {
      const parts: number[][] = [];
      const buffer = new PartBuffer(4, async (part) => void parts.push([...part]));
      const all = Array.from({ length: 19 }, (_, index) => index);
      for (let at = 0; at < all.length; at += piece) {
        await buffer.write(Uint8Array.from(all.slice(at, at + piece)));
      }
      await buffer.flush();
      expect(parts.map(({ length }) => length)).toEqual([4, 4, 4, 4, 3]);
      expect(parts.flat()).toEqual(all);
    }
  });
});

describe('moveExpiry', () => {
  test('moves the end of an open upload, to both sides', () => {
    for (const expiresAt of [NOW + 10, NOW + 1_000_000]) {
      const moved = moveExpiry(anUpload(), expiresAt, NOW);
      expect(publicState(moved, expiresAt - 1)).toBe('open');
      expect(publicState(moved, expiresAt)).toBe('expired');
      expect(nextAlarm(moved, NOW)).toBe(expiresAt);
    }
  });

  test('never opens what is over', () => {
    const late = anUpload({ expiresAt: NOW });
    const closing = anUpload({ phase: { kind: 'closing', reason: 'aborted' } });
    for (const state of [late, closing])
      expect(moveExpiry(state, NOW + 1_000_000, NOW)).toBe(state);
  });
});
