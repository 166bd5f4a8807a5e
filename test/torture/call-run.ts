import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { chooseEngine } from '../../containers/transcoder/choose-engine.ts';
import { checkPlayback } from '../../scripts/check-playback.ts';
import { ApiClient } from '../../scripts/client.ts';
import type { UploadTicket } from '../../scripts/client.ts';
import { startPlatform } from '../../scripts/platform.ts';
import { freePort } from '../../scripts/ports.ts';
import { auditState, orphansOf } from '../e2e/audit.ts';
import { makeSource } from './fault-run.ts';
import { createRandom } from './random.ts';
import { FAULT_KINDS } from './faulty-worker/fault-board.ts';
import type { ArmedFault, FaultBoard } from './faulty-worker/fault-board.ts';

export interface CallPlan {
  readonly seed: number;
  /** At most so many faults, in an order that follows from the seed. */
  readonly faults: number;
  /** No new fault after this time. */
  readonly forMs: number;
  readonly onFault?: (line: string) => void;
}

export interface CallReport {
  /** Calls to bindings that a healthy upload makes until it is ready. */
  readonly sites: number;
  readonly faults: number;
  /** Faults whose call never came: the path was another one. */
  readonly unreached: number;
  /** What did not hold; empty when all did. */
  readonly bad: readonly string[];
}

const ADMIN_TOKEN = 'torture-admin-token-0123456789abcdefghij';
const AT_ONCE = 6;
const SETTLED_DEADLINE_MS = 300_000;
const IDLE_DEADLINE_MS = 180_000;
/** Longer than the pause between two rounds of the sweeper. */
const QUIET_MS = 25_000;
const PATIENCE_MS = 240_000;
const PAUSE_MS = 1000;
const SWITCHES = '/api/torture-faults';

/** Breaks every call to a binding that an upload makes on its way to ready, in four ways, and looks at what became of it. */
export async function runCallFaults(plan: CallPlan): Promise<CallReport> {
  const folder = await mkdtemp(join(tmpdir(), 'streamgate-bindings-'));
  const clip = join(folder, 'clip.mp4');
  await writeFile(clip, await makeSource(folder));
  const platform = await startPlatform({
    port: await freePort(),
    persistTo: join(folder, 'state'),
    adminToken: ADMIN_TOKEN,
    entry: 'test/torture/faulty-worker/entry.ts',
  });
  process.once('SIGINT', () => void platform.stop().then(() => process.exit(130)));
  try {
    const run = new CallRun(new ApiClient(platform.url, ADMIN_TOKEN), clip);
    await run.breakCalls(plan);
    await run.untilIdle();
    await platform.stop();
    return run.report(await findLeftovers(join(folder, 'state')));
  } finally {
    await platform.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

class CallRun {
  private readonly client: ApiClient;
  private readonly clip: string;
  private readonly bad: string[] = [];
  private sites: readonly string[] = [];
  private readonly done: ArmedFault[] = [];
  private fired: readonly string[] = [];

  constructor(client: ApiClient, clip: string) {
    this.client = client;
    this.clip = clip;
  }

  async breakCalls(plan: CallPlan): Promise<void> {
    const healthy = await this.judge();
    if (healthy !== undefined) throw new Error(`an upload without faults: ${healthy}`);
    const { sites } = await this.board();
    this.sites = Object.keys(sites);
    const faults = planFaults(sites, plan.seed).slice(0, plan.faults);
    const until = performance.now() + plan.forMs;
    const work = async (): Promise<void> => {
      for (;;) {
        const fault = performance.now() < until ? faults.shift() : undefined;
        if (fault === undefined) return;
        await this.board('POST', [fault]);
        const wrong = await this.judge();
        this.done.push(fault);
        if (wrong !== undefined) this.bad.push(`${fault.id}: ${wrong}`);
        plan.onFault?.(`${fault.id}: ${wrong ?? 'ready'}`);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    await this.board('DELETE');
    this.fired = (await this.board()).fired;
  }

  /** Waits until nothing is called any more: what is left then stays. */
  async untilIdle(): Promise<void> {
    const calls = async (): Promise<number> =>
      Object.values((await this.board()).sites).reduce((sum, count) => sum + count, 0);
    const deadline = performance.now() + IDLE_DEADLINE_MS;
    for (let before = -1, now = await calls(); now !== before && performance.now() < deadline;) {
      await sleep(QUIET_MS);
      [before, now] = [now, await calls()];
    }
  }

  report(leftovers: readonly string[]): CallReport {
    const fired = new Set(this.fired);
    return {
      sites: this.sites.length,
      faults: this.done.length,
      unreached: this.done.filter(({ id }) => !fired.has(id)).length,
      bad: [...this.bad, ...leftovers],
    };
  }

  /** One upload until it is ready and whole; answers what is wrong, if anything. */
  private async judge(): Promise<string | undefined> {
    try {
      const uid = await this.upload();
      const video = await patiently(() => this.client.untilSettled(uid, SETTLED_DEADLINE_MS));
      const { state, errorReasonCode, errorReasonText } = video.status;
      if (state !== 'ready') return `${state} ${errorReasonCode} ${errorReasonText}`;
      await patiently(async () => checkPlayback(video.playback.hls, await chooseEngine('auto')));
      return undefined;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }

  /** As a program does that repeats what failed. */
  private async upload(): Promise<string> {
    const { size } = await stat(this.clip);
    const ticket = await patiently(() =>
      this.client.postJson<UploadTicket>('/api/v1/uploads', { name: 'clip.mp4', sizeBytes: size }),
    );
    await patiently(() => this.client.uploadParts(ticket, this.clip));
    const path = `/api/v1/uploads/${ticket.id}/complete`;
    const { uid } = await patiently(() => this.client.postJson<{ uid: string }>(path, {}));
    return uid;
  }

  private board(
    method = 'GET',
    faults?: readonly ArmedFault[],
  ): Promise<ReturnType<FaultBoard['report']>> {
    return this.client.json(SWITCHES, {
      method,
      ...(faults !== undefined && { body: JSON.stringify(faults) }),
    });
  }
}

/** Every site with every kind of fault, at its first call and at one of the later ones. */
function planFaults(sites: Readonly<Record<string, number>>, seed: number): ArmedFault[] {
  const random = createRandom(seed);
  const faults = Object.entries(sites).flatMap(([site, calls]) =>
    FAULT_KINDS.flatMap((kind) =>
      [...new Set([1, 1 + random.below(calls)])].map((nth) => ({
        id: `${kind} at call ${nth} of ${site}`,
        site,
        nth,
        kind,
      })),
    ),
  );
  return faults
    .map((fault) => ({ fault, order: random.below(2 ** 30) }))
    .toSorted((a, b) => a.order - b.order)
    .map(({ fault }) => fault);
}

/** Repeats what fails, as every client does that means it. */
async function patiently<T>(work: () => Promise<T>): Promise<T> {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await sleep(PAUSE_MS);
    }
  }
}

/** What a stopped platform should not have kept: objects that nothing names, names of nothing, events nobody handled. */
async function findLeftovers(state: string): Promise<string[]> {
  const audit = await auditState(state);
  const kept = new Set(audit.keys);
  return [
    ...orphansOf(audit).map((key) => `orphan: ${key}`),
    ...audit.mapped.filter((key) => !kept.has(key)).map((key) => `missing: ${key}`),
    ...(audit.rows['outbox'] ?? []).map((row) => `unhandled: ${JSON.stringify(row)}`),
  ];
}
