import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

import type { FaultName } from './fault.ts';

/** The Worker's two task routes over a real bucket, with faults of their own. */
export class FaultStore {
  readonly bucket: R2Bucket;
  fault: FaultName | undefined;
  private readonly source: Buffer;
  private readonly server: Server;
  private keyOf: (part: number) => string = String;

  constructor(bucket: R2Bucket, source: Buffer) {
    this.bucket = bucket;
    this.source = source;
    this.server = createServer((request, response) => {
      this.answer(request, response).catch(() => response.writeHead(500).end());
    });
  }

  async start(): Promise<void> {
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Where the next task's output goes. */
  expectTask(keyOf: (part: number) => string): void {
    this.keyOf = keyOf;
  }

  close(): void {
    this.server.close();
    this.server.closeAllConnections();
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method === 'GET') {
      response.writeHead(200, { 'content-length': this.source.length }).end(this.source);
      return;
    }
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const key = this.keyOf(Number(request.url?.split('/').at(-1)));
    await this.store(key, Buffer.concat(chunks), String(request.headers['x-content-sha256']));
    response.writeHead(204).end();
  }

  private async store(key: string, bytes: Buffer, sha256: string): Promise<void> {
    if (this.fault === 'output lost on the way') return;
    const sent = this.fault === 'byte flipped on the way' ? flipped(bytes) : bytes;
    await this.bucket.put(key, sent, { sha256 });
    if (this.fault === 'byte flipped in the store') await this.bucket.put(key, flipped(bytes));
    if (this.fault === 'output deleted') await this.bucket.delete(key);
  }
}

function flipped(bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes);
  const at = Math.floor(copy.length / 2);
  copy.writeUInt8(0xff ^ (copy[at] ?? 0), at);
  return copy;
}
