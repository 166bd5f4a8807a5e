import type { CloudEvent } from '../../src/contracts/events.ts';
import type { Notice } from '../../src/contracts/webhook-events.ts';

type Described = Readonly<Record<string, unknown>>;

/** The body for an event of a video. Ready and failed ones are the Video object, as Stream sends it; every other one is the CloudEvents envelope. */
export function bodyOfEvent(event: CloudEvent, video?: Described): string {
  if (video === undefined) return JSON.stringify(event);
  return JSON.stringify({
    ...video,
    status: { ...(video['status'] as object), ...statusOf(event) },
  });
}

/** True when the body is the Video object: what Stream itself announces. */
export function isStreamEvent(type: string): boolean {
  return type === 'video.ready' || type === 'video.failed';
}

/** What the event says of the video's state: a run begun since has changed it already. Stream's documentation writes `errReason…`, its API `errorReason…`. */
function statusOf(event: CloudEvent): Described {
  if (event.type === 'video.ready') return stateWith('ready', '', '');
  const { reasonCode, reasonText } = (event as CloudEvent<'video.failed'>).data;
  return stateWith('error', reasonCode, reasonText);
}

function stateWith(state: 'ready' | 'error', code: string, text: string): Described {
  return {
    state,
    errorReasonCode: code,
    errorReasonText: text,
    errReasonCode: code,
    errReasonText: text,
  };
}

/** The body of a notice: a CloudEvents envelope. */
export function bodyOfNotice(notice: Notice, now: number): string {
  return JSON.stringify({
    specversion: '1.0',
    id: notice.id,
    source: 'worker',
    type: notice.type,
    time: new Date(now).toISOString(),
    subject: notice.subject,
    datacontenttype: 'application/json',
    data: notice.data,
  });
}
