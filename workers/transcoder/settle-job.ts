import { and, eq, notInArray } from 'drizzle-orm';

import { imagesPrefix, revisionPrefix, segmentMapKey } from '../../src/contracts/object-keys.ts';
import { jobs } from '../../src/db/transcoder.ts';
import type { ServiceContext } from '../../src/kernel/service-context.ts';
import { buildSegmentMap, outputKeys } from './build-segment-map.ts';
import type { JobFailure, JobState } from './job-state.ts';
import { findLostOutputs } from './lost-outputs.ts';
import { reasonText } from './reason-text.ts';

const FINAL_STATES = ['ready', 'error', 'cancelled'] as const;
const CANCELLED_TEXT =
  'Transcoding was cancelled. Start it again with POST /api/v1/jobs {"uid": …}.';

/** `queued → inprogress` in the video's row and the index. False when the video is gone or has a newer run. */
export async function announceStart(context: ServiceContext, state: JobState): Promise<boolean> {
  const started = await context.services.get('metadata').encodeStarted(state);
  if (started) await noteJobState(context, state.id, 'inprogress');
  return started;
}

/**
 * Writes the segment map and makes the run the one that plays. Every step may be repeated.
 * `fenced`: the video is gone or has a newer run. `lost`: tasks whose output is gone. A failure: the outputs do not fit together.
 */
export async function publishRun(
  context: ServiceContext,
  state: JobState,
): Promise<'published' | 'fenced' | { readonly lost: readonly string[] } | JobFailure> {
  const lost = await findLostOutputs(context.env.MEDIA, state);
  if (lost.length > 0) return { lost };
  const map = tryBuildMap(state);
  if ('code' in map) return map;
  await context.env.MEDIA.put(segmentMapKey(state.uid, state.revision), JSON.stringify(map), {
    httpMetadata: { contentType: 'application/json' },
  });
  const published = await context.services
    .get('metadata')
    .published({ ...state, durationSeconds: map.durationSeconds });
  return published ? 'published' : 'fenced';
}

/**
 * Brings a finished job's outcome into the video's row and the index, and removes every object that is not published.
 * What plays is the video row's to say: a job may have ended without hearing that it was published.
 */
export async function settleJob(context: ServiceContext, state: JobState): Promise<void> {
  const metadata = context.services.get('metadata');
  if (state.phase === 'error' && state.failure)
    await metadata.failed(state, state.failure.code, reasonText(state.failure));
  if (state.phase === 'cancelled') await metadata.failed(state, 'ERR_UNKNOWN', CANCELLED_TEXT);
  const isPlayable = state.phase === 'ready' || (await metadata.isPlayable(state));
  await removeLeftovers(context.env.MEDIA, state, isPlayable);
  if (state.phase === 'ready' || state.phase === 'error' || state.phase === 'cancelled') {
    const reason = state.failure && reasonText(state.failure);
    await noteJobState(context, state.id, state.phase, reason);
  }
  context.logger.info('job.settled', {
    jobId: state.id,
    videoUid: state.uid,
    phase: state.phase,
    reason: state.failure?.detail,
  });
}

async function noteJobState(
  context: ServiceContext,
  jobId: string,
  state: 'inprogress' | 'ready' | 'error' | 'cancelled',
  reason?: string,
): Promise<void> {
  const now = Date.now();
  const ended = state === 'inprogress' ? {} : { endedAt: now };
  await context.db
    .update(jobs)
    .set({ state, updatedAt: now, ...ended, ...(reason !== undefined && { reason }) })
    .where(and(eq(jobs.id, jobId), notInArray(jobs.state, [...FINAL_STATES])));
}

function tryBuildMap(state: JobState): ReturnType<typeof buildSegmentMap> | JobFailure {
  try {
    return buildSegmentMap(state);
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    return {
      code: 'ERR_UNKNOWN',
      text: 'The encoded parts do not fit together. Start the job again.',
      detail,
    };
  }
}

/** Outputs of lost attempts, or everything of a run that does not play. Images belong to the published run. */
async function removeLeftovers(
  bucket: R2Bucket,
  state: JobState,
  isPlayable: boolean,
): Promise<void> {
  const kept = new Set<string>();
  const isImage = (key: string): boolean =>
    isPlayable && key.startsWith(imagesPrefix(state.uid, state.revision));
  if (isPlayable) {
    kept.add(segmentMapKey(state.uid, state.revision));
    for (const task of state.tasks) for (const key of outputKeys(state, task)) kept.add(key);
  }
  let cursor: string | undefined;
  do {
    const page = await bucket.list({
      prefix: revisionPrefix(state.uid, state.revision),
      ...(cursor !== undefined && { cursor }),
    });
    const leftovers = page.objects
      .map(({ key }) => key)
      .filter((key) => !kept.has(key) && !isImage(key));
    if (leftovers.length > 0) await bucket.delete(leftovers);
    cursor = page.truncated ? page.cursor : undefined;
  } while (cursor !== undefined);
}
