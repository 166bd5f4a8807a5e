import { seriesOf } from '../../src/contracts/metrics.ts';
import type { SeriesValues } from '../../src/contracts/metrics.ts';
import type { PlatformState } from './platform-facts.ts';

/** Gauges: read from the stores and services when somebody asks. */
export const GAUGES = {
  streamgate_ready: { help: 'Whether uploads and transcodes will work.', labels: [] },
  streamgate_check_ok: { help: 'Whether one dependency answers.', labels: ['check'] },
  streamgate_video_events: {
    help: 'Events of the last 30 days, each counted once.',
    labels: ['type'],
  },
  streamgate_outbox_events: { help: 'Events that are not handled yet.', labels: ['state'] },
  streamgate_outbox_oldest_event_age_seconds: {
    help: 'Age of the oldest event that is not handled yet.',
    labels: [],
  },
  streamgate_queue_messages: { help: 'Messages that wait in a queue.', labels: ['queue'] },
  streamgate_queue_oldest_message_age_seconds: {
    help: 'How long the oldest message of a queue has waited.',
    labels: ['queue'],
  },
  streamgate_jobs: { help: 'Transcode jobs that are not finished.', labels: ['state'] },
  streamgate_encode_backlog_media_seconds: {
    help: 'Media that is still to be encoded, in its own time.',
    labels: [],
  },
  streamgate_job_standstill_seconds: {
    help: 'The longest time for which an unfinished job has not moved.',
    labels: [],
  },
  streamgate_encoder_slots: { help: 'Slots of the encoder.', labels: ['state'] },
  streamgate_alerts_firing: { help: 'Alerts that fire.', labels: ['rule', 'severity'] },
} as const;

type GaugeName = keyof typeof GAUGES;
type GaugeLabels<Name extends GaugeName> = Readonly<
  Record<(typeof GAUGES)[Name]['labels'][number], string>
>;

export interface FiringAlert {
  readonly rule: string;
  readonly severity: string;
}

/** The state of the platform as gauges. What is not known has no series. */
export function toGauges(state: PlatformState, firing: readonly FiringAlert[]): SeriesValues {
  const series: Record<string, number> = {};
  const set = <Name extends GaugeName>(
    name: Name,
    labels: GaugeLabels<Name>,
    value: number,
  ): void => {
    series[seriesOf(name, labels)] = value;
  };
  set('streamgate_ready', {}, Number(state.ready));
  for (const { name, ok } of state.checks) set('streamgate_check_ok', { check: name }, Number(ok));
  for (const [type, total] of Object.entries(state.events ?? {}))
    set('streamgate_video_events', { type }, total);
  for (const { name: queue, messages, oldestSeconds } of state.queues ?? []) {
    set('streamgate_queue_messages', { queue }, messages);
    set('streamgate_queue_oldest_message_age_seconds', { queue }, oldestSeconds);
  }
  if (state.outbox !== undefined) {
    set('streamgate_outbox_events', { state: 'waiting' }, state.outbox.waiting);
    set('streamgate_outbox_events', { state: 'dead' }, state.outbox.dead);
    set('streamgate_outbox_oldest_event_age_seconds', {}, state.outbox.oldestSeconds);
  }
  if (state.workload !== undefined) {
    const { queued, inProgress, backlogMediaSeconds, longestStandstillSeconds } = state.workload;
    set('streamgate_jobs', { state: 'queued' }, queued);
    set('streamgate_jobs', { state: 'inprogress' }, inProgress);
    set('streamgate_encode_backlog_media_seconds', {}, backlogMediaSeconds);
    set('streamgate_job_standstill_seconds', {}, longestStandstillSeconds);
  }
  if (state.encoder !== undefined) {
    const { busy, slots } = state.encoder;
    set('streamgate_encoder_slots', { state: 'busy' }, busy);
    set('streamgate_encoder_slots', { state: 'free' }, Math.max(0, slots - busy));
  }
  for (const { rule, severity } of firing) set('streamgate_alerts_firing', { rule, severity }, 1);
  return series;
}
