import { randomBytes } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { ApiClient } from '../../scripts/client.ts';
import type { UploadTicket, VideoObject } from '../../scripts/client.ts';
import { startPlatform } from '../../scripts/platform.ts';
import { freePort } from '../../scripts/ports.ts';

/** Short, so that the looking itself is not what is measured. */
const LOOK_EVERY_MS = 25;

/** When things happened to one upload. */
export interface Upload {
  readonly video: VideoObject;
  /** From the first request to the last byte. */
  readonly uploadSeconds: number;
  /** From the first request to `ready` or `error`. */
  readonly settledSeconds: number;
}

/** The whole platform on this machine and a client of it. */
export interface PlatformClient {
  upload(file: string, deadlineMs: number): Promise<Upload>;
  stop(): Promise<void>;
}

export async function openPlatform(persistTo: string): Promise<PlatformClient> {
  const adminToken = `sg_${randomBytes(32).toString('base64url')}`;
  const platform = await startPlatform({ port: await freePort(), persistTo, adminToken });
  const client = new ApiClient(platform.url, adminToken);
  return {
    upload: (file, deadlineMs) => upload(client, file, deadlineMs),
    stop: () => platform.stop(),
  };
}

async function upload(client: ApiClient, file: string, deadlineMs: number): Promise<Upload> {
  const startedAt = performance.now();
  const secondsNow = (): number => (performance.now() - startedAt) / 1000;
  const { size } = await stat(file);
  const ticket = await client.postJson<UploadTicket>('/api/v1/uploads', {
    name: basename(file),
    sizeBytes: size,
  });
  await client.uploadParts(ticket, file);
  const uploadSeconds = secondsNow();
  const { uid } = await client.postJson<{ uid: string }>(
    `/api/v1/uploads/${ticket.id}/complete`,
    {},
  );
  for (;;) {
    const video = await client.video(uid);
    const settledSeconds = secondsNow();
    if (video.status.state === 'ready' || video.status.state === 'error')
      return { video, uploadSeconds, settledSeconds };
    if (settledSeconds * 1000 > deadlineMs)
      throw new Error(`${basename(file)} is still "${video.status.state}" after ${deadlineMs} ms`);
    await sleep(LOOK_EVERY_MS);
  }
}
