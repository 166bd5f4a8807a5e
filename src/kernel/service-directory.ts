import { AppError } from '../contracts/errors.ts';
import type { HostApi } from '../contracts/host-api.ts';
import type { CallableService, ServiceApis } from '../contracts/service-apis.ts';
import type { ServiceName } from '../contracts/services.ts';
import type { SentCallContext } from './call-context.ts';
import type { LinkState } from './service-link.ts';

/** A service that runs in another Worker. */
export interface RemoteService {
  readonly name: ServiceName;
  /** Its contract, called by RPC; undefined for a service without calls of its own. */
  readonly api: object | undefined;
  readonly host: HostApi;
  /** Sends an HTTP request to its routes; `deadlineMs` is the time to the head of the answer. Throws `service.unavailable`. */
  fetch(
    toRequest: (sent: SentCallContext) => Request,
    deadlineMs: number | undefined,
  ): Promise<Response>;
  state(): LinkState & { readonly deadlinesMs: Readonly<Record<string, number>> };
}

export type RemoteServices = ReadonlyMap<ServiceName, RemoteService>;

/** Where one service finds another: in this Worker, or behind a binding. The one place that knows the difference. */
export class ServiceDirectory {
  /** Services of other Workers; none in the monolith. */
  readonly remotes: RemoteServices;
  private readonly apis: Partial<ServiceApis> = {};

  constructor(remotes: RemoteServices = new Map()) {
    this.remotes = remotes;
  }

  provide<Name extends CallableService>(name: Name, api: ServiceApis[Name]): void {
    Object.assign(this.apis, { [name]: api });
  }

  /** The service's API. Throws `service.unavailable` naming it when this deployment runs without. */
  get<Name extends CallableService>(name: Name): ServiceApis[Name] {
    const api = this.find(name);
    if (api === undefined) throw missingService(name);
    return api;
  }

  find<Name extends CallableService>(name: Name): ServiceApis[Name] | undefined {
    const own = (this.apis as Partial<Record<Name, ServiceApis[Name]>>)[name];
    return own ?? (this.remotes.get(name)?.api as ServiceApis[Name] | undefined);
  }
}

export function missingService(name: string): AppError {
  return new AppError(
    'service.unavailable',
    `The ${name} service is not running in this deployment. Add it (to APP_PLUGINS, or as a Worker of its own) and deploy again.`,
  );
}
