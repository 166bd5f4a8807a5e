import type { WebhookEventType } from '../../src/contracts/webhook-events.ts';

/** Whether a webhook is told of an event. `*` leaves out the operators' alerts: they are named or not wanted. */
export function wants(
  webhook: { readonly enabled: boolean; readonly events: readonly (WebhookEventType | '*')[] },
  type: WebhookEventType,
): boolean {
  const { enabled, events } = webhook;
  if (!enabled) return false;
  return events.includes(type) || (events.includes('*') && !type.startsWith('alert.'));
}
