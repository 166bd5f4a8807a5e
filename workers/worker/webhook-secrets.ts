import { openText, sealText } from '../../src/http/sealed-text.ts';
import type { Seal } from '../../src/http/sealed-text.ts';
import type { WebhookRow } from './webhook-store.ts';

/** A webhook's secret as it is stored: sealed, bound to the webhook. */
export async function sealSecret(key: string, webhookId: string, secret: string): Promise<string> {
  return sealText(sealOf(key, webhookId), secret);
}

export async function openSecret(key: string, { id, sealedSecret }: WebhookRow): Promise<string> {
  return openText(sealOf(key, id), sealedSecret);
}

/** The secrets that sign at `now`, the newest first. */
export async function openSigningSecrets(
  key: string,
  row: WebhookRow,
  now: number,
): Promise<readonly string[]> {
  const { id, formerSealedSecret, formerUntil } = row;
  const newest = await openSecret(key, row);
  if (formerSealedSecret === null || (formerUntil ?? 0) <= now) return [newest];
  return [newest, await openText(sealOf(key, id), formerSealedSecret)];
}

function sealOf(secret: string, webhookId: string): Seal {
  return { secret, purpose: 'webhook secret seal v1', boundTo: webhookId };
}
