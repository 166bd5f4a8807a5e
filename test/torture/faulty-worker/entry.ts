import { env } from 'cloudflare:workers';

import product from '../../../src/index.ts';
import { FaultBoard } from './fault-board.ts';
import type { ArmedFault } from './fault-board.ts';
import { faultyBindings } from './faulty-bindings.ts';

export {
  MetricShard,
  RateLimiter,
  Sweeper,
  TaskDoor,
  TranscodeJob,
  TranscoderContainer,
  UploadSession,
  WebhookSender,
} from '../../../src/index.ts';

const board = new FaultBoard();
// This object is what every handler and Durable Object of this Worker gets.
Object.assign(env, faultyBindings(env, board));

/** The product, and beside it the switches of the torture run: GET tells, POST arms, DELETE disarms. */
export default {
  ...product,
  async fetch(request, given, execution) {
    if (new URL(request.url).pathname !== '/api/torture-faults')
      return product.fetch(request, given, execution);
    if (request.method === 'POST') board.arm(await request.json<ArmedFault[]>());
    if (request.method === 'DELETE') board.disarm();
    return Response.json(board.report());
  },
} satisfies ExportedHandler<Env>;
