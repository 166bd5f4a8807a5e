import { createServer } from 'node:http';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

import { z } from 'zod';

const attributes = z
  .array(z.object({ key: z.string(), value: z.record(z.string(), z.unknown()) }))
  .transform((list) => new Map(list.map(({ key, value }) => [key, Object.values(value)[0]])));

const spanSchema = z.object({
  traceId: z.string().regex(/^[0-9a-f]{32}$/),
  spanId: z.string().regex(/^[0-9a-f]{16}$/),
  parentSpanId: z
    .string()
    .regex(/^[0-9a-f]{16}$/)
    .optional(),
  name: z.string().min(1),
  kind: z.int().min(1).max(5),
  startTimeUnixNano: z.string().regex(/^\d{19}$/),
  endTimeUnixNano: z.string().regex(/^\d{19}$/),
  attributes,
});

const bodySchema = z.object({
  resourceSpans: z.array(
    z.object({
      resource: z.object({ attributes }),
      scopeSpans: z.array(z.object({ spans: z.array(spanSchema) })),
    }),
  ),
});

export interface ReceivedSpan extends z.infer<typeof spanSchema> {
  readonly service: unknown;
}

/** A receiver of OTLP/HTTP in JSON that keeps every span and refuses what is not of the form. */
export class OtlpReceiver {
  readonly spans: ReceivedSpan[] = [];
  /** What was wrong with requests that were refused. */
  readonly refused: string[] = [];
  private readonly server = createServer((request, response) => {
    void this.take(request).then(
      () => response.writeHead(200, { 'content-type': 'application/json' }).end('{}'),
      (error: unknown) => {
        this.refused.push(String(error));
        response.writeHead(400).end();
      },
    );
  });

  /** Answers its address. */
  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  stop(): void {
    this.server.closeAllConnections();
    this.server.close();
  }

  private async take(request: IncomingMessage): Promise<void> {
    if (request.url !== '/v1/traces') throw new Error(`nothing is at ${request.url}`);
    let text = '';
    for await (const chunk of request) text += String(chunk);
    for (const { resource, scopeSpans } of bodySchema.parse(JSON.parse(text)).resourceSpans) {
      const service = resource.attributes.get('service.name');
      for (const { spans } of scopeSpans)
        this.spans.push(...spans.map((span) => ({ ...span, service })));
    }
  }
}
