import { WorkerEntrypoint } from 'cloudflare:workers';

import { createId } from '../../src/contracts/ids.ts';
import { renderProblem } from '../../src/http/render-error.ts';
import { serviceContext } from '../../src/kernel/worker-host.ts';
import { taskRoutes } from './task-routes.ts';

/** All that a container can reach: the task routes. It has no internet. */
export class TaskDoor extends WorkerEntrypoint<Env> {
  override async fetch(request: Request): Promise<Response> {
    const routes = taskRoutes(await serviceContext());
    routes.onError((error) => renderProblem(error, createId('req', Date.now())));
    return routes.fetch(request, this.env, this.ctx);
  }
}
