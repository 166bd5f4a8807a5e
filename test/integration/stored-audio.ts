import { env } from 'cloudflare:workers';

import { taskOutputKey } from '../../src/contracts/object-keys.ts';
import type { TaskResult } from '../../src/contracts/task-protocol.ts';
import { SYNC_SAMPLE_FLAGS, writeFragmentHeader } from '../../src/media/fmp4-fragment.ts';
import type { JobState, Lease } from '../../workers/transcoder/job-state.ts';
import { ENGINE, anEncodingJob, withLease } from './job-fixture.ts';
import type { Run } from './metadata-fixture.ts';

const FRAMES = 2;
const FRAME_TICKS = 1536;
const RATE = 48_000;

/** A job whose only task is leased: one AC-3 track in this many short segments. */
export function aLeasedAudioJob(run: Run, segments: number): { state: JobState; lease: Lease } {
  const state = anEncodingJob(run);
  const tasks = state.tasks.map((task) => {
    if (task.spec.kind !== 'audio') return task;
    const rendition = { name: 'sound', codec: 'ac3' as const, channels: 6, sampleRate: RATE };
    const spans = Array.from({ length: segments }, (_, index) => ({
      start: index * FRAMES,
      end: (index + 1) * FRAMES,
    }));
    const spec = { ...task.spec, rendition: { ...rendition, bitrateBps: 1 }, segments: spans };
    return { ...task, spec };
  });
  return withLease({ ...state, tasks });
}

/** Stores what an encoder would have made of it, and answers its report. */
export async function storeAudio(run: Run, lease: Lease, segments: number): Promise<TaskResult> {
  const init = aSoundInit();
  const pieces: Uint8Array[] = [init];
  const reports = [];
  let offset = init.length;
  for (let index = 0; index < segments; index += 1) {
    const { bytes, moofLength } = aSegment(index);
    reports.push({ part: 0, offset, length: bytes.length, headerLength: moofLength });
    pieces.push(bytes);
    offset += bytes.length;
  }
  const body = Buffer.concat(pieces);
  const digest = await crypto.subtle.digest('SHA-256', body);
  const sha256 = Buffer.from(digest).toString('hex');
  const { taskId, epoch } = lease;
  await env.MEDIA.put(taskOutputKey({ ...run, taskId, epoch, part: 0 }), body, { sha256 });
  const rendition = {
    name: 'sound',
    init: { part: 0, offset: 0, length: init.length },
    segments: reports,
  };
  const parts = [{ sizeBytes: body.length, sha256 }];
  return { kind: 'media', parts, renditions: [rendition], engine: ENGINE };
}

function aSegment(index: number): { bytes: Uint8Array; moofLength: number } {
  const sample = { size: 4, duration: FRAME_TICKS, flags: SYNC_SAMPLE_FLAGS, compositionOffset: 0 };
  const { bytes, moofLength } = writeFragmentHeader({
    sequenceNumber: index + 1,
    trackId: 1,
    baseMediaDecodeTime: index * FRAMES * FRAME_TICKS,
    samples: Array.from({ length: FRAMES }, () => sample),
  });
  return { bytes: Buffer.concat([bytes, new Uint8Array(FRAMES * sample.size)]), moofLength };
}

function aSoundInit(): Uint8Array {
  const tkhd = Buffer.alloc(84);
  tkhd.writeUInt32BE(1, 12);
  const mdhd = Buffer.alloc(24);
  mdhd.writeUInt32BE(RATE, 12);
  const stsd = box('stsd', Buffer.from([0, 0, 0, 0, 0, 0, 0, 1]), box('ac-3', Buffer.alloc(28)));
  const mdia = box('mdia', box('mdhd', mdhd), box('minf', box('stbl', stsd)));
  return box('moov', box('trak', box('tkhd', tkhd), mdia));
}

function box(type: string, ...body: readonly Uint8Array[]): Buffer {
  const bytes = Buffer.concat([Buffer.alloc(8), ...body]);
  bytes.writeUInt32BE(bytes.length, 0);
  bytes.write(type, 4, 'latin1');
  return bytes;
}
