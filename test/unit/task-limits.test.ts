import { expect, test } from 'vitest';

import { limitsOf } from '../../containers/transcoder/task-limits.ts';
import { TASK_PROTOCOL_VERSION } from '../../src/contracts/task-protocol.ts';
import type { TaskRequest, TaskSpec } from '../../src/contracts/task-protocol.ts';

const MIB = 1024 ** 2;

function aTask(task: TaskSpec, sizeBytes = MIB): TaskRequest {
  return {
    version: TASK_PROTOCOL_VERSION,
    jobId: 'job_1',
    taskId: 'task',
    epoch: 1,
    source: { sizeBytes },
    callback: { url: 'http://127.0.0.1:1', token: 'token' },
    limits: { wallMs: 600_000, outputBytes: 512 * MIB },
    task,
  };
}

function encodeOf(width: number, height: number): TaskSpec {
  return {
    kind: 'video',
    facts: {
      codec: 'h264',
      width,
      height,
      rotation: 0,
      frameRate: { numerator: 30, denominator: 1 },
      pixelFormat: 'yuv420p',
      interlaced: false,
      hdr: false,
      durationSeconds: 6,
      startSeconds: 0,
      packets: 180,
    },
    renditions: [{ name: 'p', width, height, maxBitrateBps: 1_000_000, level: 31 }],
    segments: [{ start: 0, end: 180 }],
    isLast: true,
  };
}

test('reading a small file twice may cost half a minute of CPU, a large file more', () => {
  const probe: TaskSpec = { kind: 'probe', maxDurationSeconds: 60 };
  expect(limitsOf(aTask(probe), 1).cpuSeconds).toBeLessThan(16);
  expect(limitsOf(aTask(probe, 1000 * MIB), 1).cpuSeconds).toBeGreaterThan(500);
  expect(limitsOf(aTask(probe), 1).memoryBytes).toBe(1536 * MIB);
});

test('memory grows with the pictures and the threads, output with the bit rate', () => {
  const small = limitsOf(aTask(encodeOf(640, 360)), 1);
  const large = limitsOf(aTask(encodeOf(3840, 2160)), 1);
  expect(small.memoryBytes).toBeLessThan(1700 * MIB);
  expect(large.memoryBytes).toBeGreaterThan(3000 * MIB);
  expect(limitsOf(aTask(encodeOf(3840, 2160)), 2).memoryBytes).toBeGreaterThan(large.memoryBytes);
  // Six seconds of one megabit, and 4 MiB for what an average hides; four times that.
  expect(small.outputBytes).toBe(4 * (750_000 + 4 * MIB));
});
