import { runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';

import type { TranscodeJob } from '../../durable-objects/transcode-job.ts';
import type { SourceFacts } from '../../src/contracts/media.ts';
import { jobIdOf } from '../../src/contracts/ids.ts';
import { taskOutputKey } from '../../src/contracts/object-keys.ts';
import {
  acceptFacts,
  acceptOutput,
  createJob,
  leaseTask,
} from '../../workers/transcoder/job-state.ts';
import type { JobState, Lease } from '../../workers/transcoder/job-state.ts';
import { ACCOUNT } from './accounts.ts';
import type { Run } from './metadata-fixture.ts';

export const ENGINE = 'ffmpeg 5.1.9 (native)';

/** Sound only, so that there is one task to encode. */
export const FACTS: SourceFacts = {
  container: 'mov,mp4',
  durationSeconds: 12,
  audio: [
    {
      track: 0,
      codec: 'aac',
      channels: 2,
      sampleRate: 48_000,
      durationSeconds: 12,
      startSeconds: 0,
      packets: 563,
    },
  ],
};

/** A job whose source is known and whose audio task waits. */
export function anEncodingJob(run: Run, facts: SourceFacts = FACTS): JobState {
  const job = createJob(
    {
      ...run,
      id: jobIdOf(run.revision),
      accountId: ACCOUNT,
      sourceSizeBytes: 1000,
      maxDurationSeconds: 3600,
    },
    Date.now(),
  );
  const { state } = leaseTask(job, 'runner-0', Date.now());
  return acceptFacts(state, { epoch: 1, facts, engine: ENGINE }, Date.now());
}

/** The job with its next task given to a runner. */
export function withLease(state: JobState): { state: JobState; lease: Lease } {
  const leased = leaseTask(state, 'runner-0', Date.now());
  if (leased.lease === undefined) throw new Error('no task is ready');
  return { state: leased.state, lease: leased.lease };
}

/** A job whose last output is in the store and accepted, and which is about to be published. */
export async function aPublishingJob(run: Run): Promise<{ state: JobState; key: string }> {
  const { state, lease } = withLease(anEncodingJob(run));
  const { taskId, epoch, spec } = lease;
  if (spec.kind !== 'audio') throw new Error('not the audio task');
  const key = taskOutputKey({ ...run, taskId, epoch, part: 0 });
  const stored = await env.MEDIA.put(key, new Uint8Array(100));
  const rendition = {
    name: spec.rendition.name,
    init: { part: 0, offset: 0, length: 10 },
    initHash: 'hash',
    codecs: 'mp4a.40.2',
    timescale: 48_000,
    startTicks: 0,
    segments: [{ part: 0, offset: 10, length: 90, durationTicks: 576_000 }],
  };
  const output = {
    epoch,
    parts: [100],
    etags: [stored?.etag ?? ''],
    renditions: [rendition],
    engine: ENGINE,
  };
  return { state: acceptOutput(state, taskId, output, Date.now()), key };
}

/** The job's Durable Object, in this state. */
export async function seedJob(state: JobState): Promise<DurableObjectStub<TranscodeJob>> {
  const stub = env.TRANSCODE_JOB.getByName(state.id);
  await runInDurableObject(stub, (job) => job['store'].save(state));
  return stub;
}

/** The job's state as it is stored. */
export async function stateOf(stub: DurableObjectStub<TranscodeJob>): Promise<JobState> {
  const state = await runInDurableObject(stub, (job) => job['store'].load());
  if (state === undefined) throw new Error('there is no job');
  return state;
}
