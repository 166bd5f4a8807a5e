import { EVENT_PAYLOADS } from './events.ts';
import type { EventType } from './events.ts';

/** What webhooks are told beside the events of the bus: a test that was asked for, and that another webhook of the account was switched off. */
type NoticeType = 'webhook.ping' | 'webhook.disabled';
export type WebhookEventType = EventType | NoticeType;

export const WEBHOOK_EVENT_TYPES: readonly [WebhookEventType, ...WebhookEventType[]] = [
  'webhook.ping',
  'webhook.disabled',
  ...(Object.keys(EVENT_PAYLOADS) as EventType[]),
];

/** News for an account's webhooks that is no event of the bus. */
export interface Notice {
  /** The same for a repeat: each webhook gets it once. */
  readonly id: string;
  readonly type: NoticeType;
  readonly accountId: string;
  /** What it is about. */
  readonly subject: string;
  readonly data: Readonly<Record<string, unknown>>;
}
