import { z } from '@hono/zod-openapi';

import { encodeSettingsSchema } from '../../src/contracts/profile.ts';

const frames = { acceptedFrames: z.int(), plannedFrames: z.int(), pctComplete: z.number() };
const JOB_STATES = ['queued', 'inprogress', 'ready', 'error', 'cancelled'] as const;

export const jobStateSchema = z.enum(JOB_STATES);

const attemptSchema = z.object({
  epoch: z.int(),
  runner: z.string(),
  startedAt: z.string(),
  endedAt: z.string().optional(),
  outcome: z.string().optional().openapi({
    description: 'accepted, failed, lost, expired, handed-back, unavailable or cancelled',
  }),
  reason: z.string().optional(),
});

const taskSchema = z.object({
  id: z.string(),
  kind: z.enum(['probe', 'video', 'audio', 'poster', 'storyboard']),
  state: z.enum(['waiting', 'running', 'done']),
  framesDone: z.int(),
  framesPlanned: z.int(),
  startSeconds: z.number().optional(),
  endSeconds: z.number().optional(),
  attempts: z.array(attemptSchema),
});

/** One run with its task table, as `GET /api/v1/jobs/{id}` and the progress stream show it. */
export const jobSchema = z
  .object({
    id: z.string(),
    uid: z.string(),
    state: jobStateSchema,
    phase: z.string(),
    createdAt: z.string(),
    endedAt: z.string().optional(),
    engine: z.string().optional(),
    profile: z
      .object({ name: z.string(), ...encodeSettingsSchema.shape })
      .optional()
      .openapi({ description: 'The profile as it was when the run began' }),
    ...frames,
    renditions: z.array(z.object({ name: z.string(), ...frames })),
    tasks: z.array(taskSchema),
    waiting: z
      .string()
      .optional()
      .openapi({ description: 'Why no task runs at the moment, and what to do' }),
    reason: z.string().optional().openapi({ description: 'Why it failed, for a person' }),
    reasonCode: z.string().optional(),
    detail: z.string().optional().openapi({ description: 'Last lines of the encoder' }),
  })
  .openapi('Job');

/** A row of the job list. */
export const jobSummarySchema = z
  .object({
    id: z.string(),
    uid: z.string(),
    state: jobStateSchema,
    createdAt: z.string(),
    endedAt: z.string().optional(),
    reason: z.string().optional(),
  })
  .openapi('JobSummary');
