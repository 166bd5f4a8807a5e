import { open, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const ACCOUNT = 'default';
const PARALLEL_PARTS = 3;
const MAX_TRIES = 8;

export interface UploadTicket {
  readonly id: string;
  readonly uid: string;
  readonly partSizeBytes: number;
  readonly partCount: number;
}

export interface VideoObject {
  readonly uid: string;
  readonly readyToStream: boolean;
  readonly duration: number;
  readonly requireSignedURLs: boolean;
  readonly status: {
    readonly state: 'pendingupload' | 'queued' | 'inprogress' | 'ready' | 'error';
    readonly pctComplete: string;
    readonly errorReasonCode: string;
    readonly errorReasonText: string;
  };
  readonly playback: { readonly hls: string; readonly dash: string };
  readonly preview: string;
}

/** What the demo and the tests need of the API, over plain HTTP as any program would use it. */
export class ApiClient {
  readonly url: string;
  private readonly token: string;

  constructor(url: string, token: string) {
    this.url = url;
    this.token = token;
  }

  /** A request with the token. Throws with status and body when the answer is not 2xx. */
  async request(path: string, init: RequestInit = {}): Promise<Response> {
    const response = await this.send(path, init);
    if (response.ok) return response;
    throw new Error(
      `${init.method ?? 'GET'} ${path} answered ${response.status}: ${await response.text()}`,
    );
  }

  /** The same, whatever the status. */
  async send(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers);
    headers.set('authorization', `Bearer ${this.token}`);
    return fetch(`${this.url}${path}`, { ...init, headers });
  }

  async json<T>(path: string, init: RequestInit = {}): Promise<T> {
    return (await (await this.request(path, init)).json()) as T;
  }

  async postJson<T>(path: string, body: unknown): Promise<T> {
    return this.json<T>(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  }

  /** Uploads a file by parts, three at a time; a part that fails is sent again. Answers uid and job id. */
  async upload(
    file: string,
    onProgress: (share: number) => void = () => undefined,
  ): Promise<{ uid: string; jobId: string }> {
    const { size } = await stat(file);
    const ticket = await this.postJson<UploadTicket>('/api/v1/uploads', {
      name: basename(file),
      sizeBytes: size,
    });
    await this.uploadParts(ticket, file, onProgress);
    return this.postJson(`/api/v1/uploads/${ticket.id}/complete`, {});
  }

  /** Sends what the upload has not received yet. */
  async uploadParts(
    ticket: UploadTicket,
    file: string,
    onProgress: (share: number) => void = () => undefined,
  ): Promise<void> {
    const { receivedParts } = await this.json<{ receivedParts: { partNumber: number }[] }>(
      `/api/v1/uploads/${ticket.id}`,
    );
    const received = new Set(receivedParts.map(({ partNumber }) => partNumber));
    const missing = Array.from({ length: ticket.partCount }, (_, index) => index + 1).filter(
      (n) => !received.has(n),
    );
    let done = ticket.partCount - missing.length;
    const work = async (): Promise<void> => {
      for (let part = missing.shift(); part !== undefined; part = missing.shift()) {
        await this.uploadPart(ticket, file, part);
        done += 1;
        onProgress(done / ticket.partCount);
      }
    };
    await Promise.all(Array.from({ length: PARALLEL_PARTS }, work));
  }

  private async uploadPart(ticket: UploadTicket, file: string, part: number): Promise<void> {
    const bytes = await readPart(file, (part - 1) * ticket.partSizeBytes, ticket.partSizeBytes);
    const path = `/api/v1/uploads/${ticket.id}/parts/${part}`;
    for (let attempt = 1; ; attempt += 1) {
      const response = await this.send(path, { method: 'PUT', body: bytes }).catch(
        (error: unknown) => String(error),
      );
      if (typeof response !== 'string' && response.ok) return;
      const retryable =
        typeof response === 'string' || response.status >= 500 || response.status === 409;
      const reason =
        typeof response === 'string' ? response : `${response.status} ${await response.text()}`;
      if (!retryable || attempt === MAX_TRIES)
        throw new Error(`part ${part} was not accepted: ${reason}`);
      await sleep(500 * attempt);
    }
  }

  async video(uid: string): Promise<VideoObject> {
    const { result } = await this.json<{ result: VideoObject }>(
      `/client/v4/accounts/${ACCOUNT}/stream/${uid}`,
    );
    return result;
  }

  /** Waits until the video is `ready` or `error`. Throws when it takes longer. */
  async untilSettled(
    uid: string,
    deadlineMs: number,
    onLook: (video: VideoObject) => void = () => undefined,
  ): Promise<VideoObject> {
    const deadline = Date.now() + deadlineMs;
    for (;;) {
      const video = await this.video(uid);
      onLook(video);
      if (video.status.state === 'ready' || video.status.state === 'error') return video;
      if (Date.now() > deadline)
        throw new Error(`the video is still "${video.status.state}" after ${deadlineMs / 1000} s`);
      await sleep(300);
    }
  }

  async editVideo(uid: string, fields: Readonly<Record<string, unknown>>): Promise<VideoObject> {
    const { result } = await this.postJson<{ result: VideoObject }>(
      `/client/v4/accounts/${ACCOUNT}/stream/${uid}`,
      fields,
    );
    return result;
  }

  async playbackToken(
    uid: string,
    claims: Readonly<Record<string, unknown>> = {},
  ): Promise<string> {
    const path = `/client/v4/accounts/${ACCOUNT}/stream/${uid}/token`;
    const { result } = await this.postJson<{ result: { token: string } }>(path, claims);
    return result.token;
  }
}

async function readPart(
  file: string,
  offset: number,
  length: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const handle = await open(file);
  try {
    const buffer = new Uint8Array(length);
    const { bytesRead } = await handle.read(buffer, 0, length, offset);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}
