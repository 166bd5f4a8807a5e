import type { TaskSpec } from '../../src/contracts/task-protocol.ts';

/** Frames that a task makes itself, of pictures or of sound; 0 for a task that makes neither. */
export function framesOf(spec: TaskSpec): number {
  if (spec.kind !== 'video' && spec.kind !== 'audio') return 0;
  return (spec.segments.at(-1)?.end ?? 0) - (spec.segments[0]?.start ?? 0);
}
