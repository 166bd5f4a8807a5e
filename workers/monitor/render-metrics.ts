import type { Status } from './service.ts';

/** Prometheus text format 0.0.4. */
export function renderMetrics(status: Status): string {
  return [
    ...family('streamgate_ready', 'gauge', 'Uploads and transcodes will work.', [
      ['', Number(status.ready)],
    ]),
    ...family(
      'streamgate_check_ok',
      'gauge',
      'One dependency answers.',
      status.checks.map(({ name, ok }) => [`{check="${name}"}`, Number(ok)]),
    ),
    ...family(
      'streamgate_video_events',
      'gauge',
      'Events of the last 30 days.',
      Object.entries(status.events).map(([type, total]) => [`{type="${type}"}`, total]),
    ),
    ...family('streamgate_outbox_events', 'gauge', 'Events not handled yet.', [
      ['{state="waiting"}', status.outbox.waiting],
      ['{state="dead"}', status.outbox.dead],
    ]),
    '',
  ].join('\n');
}

function family(
  name: string,
  type: string,
  help: string,
  samples: readonly (readonly [string, number])[],
): string[] {
  if (samples.length === 0) return [];
  return [
    `# HELP ${name} ${help}`,
    `# TYPE ${name} ${type}`,
    ...samples.map(([labels, value]) => `${name}${labels} ${value}`),
  ];
}
