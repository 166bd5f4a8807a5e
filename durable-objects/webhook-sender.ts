import { DurableObject } from 'cloudflare:workers';

import { serviceContext } from '../src/kernel/worker-host.ts';
import { sendDue } from '../workers/worker/send-deliveries.ts';

const RETRY_MS = 30_000;

/** Sends the deliveries of one webhook, named by its id: a slow or failing receiver holds up nobody else's. The record is in D1. */
export class WebhookSender extends DurableObject<Env> {
  /** Makes it look for due deliveries at once; cheap to repeat. */
  async arm(): Promise<void> {
    await this.ctx.storage.setAlarm(Date.now());
  }

  override async alarm(): Promise<void> {
    let next: number | undefined = Date.now() + RETRY_MS;
    await this.ctx.storage.setAlarm(next);
    try {
      next = await sendDue(await serviceContext(), this.ctx.id.name ?? '');
    } finally {
      await this.lookAgainAt(next);
    }
  }

  /** An `arm` that came meanwhile wins. */
  private async lookAgainAt(time: number | undefined): Promise<void> {
    const alarm = await this.ctx.storage.getAlarm();
    if (alarm !== null && alarm <= Date.now()) return;
    if (time === undefined) await this.ctx.storage.deleteAlarm();
    else await this.ctx.storage.setAlarm(time);
  }
}
