import { HOST_CALLS, SERVICE_CALLS } from '../contracts/service-calls.ts';
import type { CallRules } from '../contracts/service-calls.ts';
import type { HostApi } from '../contracts/host-api.ts';
import type { CallableService } from '../contracts/service-apis.ts';
import { SERVICE_NAMES } from '../contracts/services.ts';
import type { ServiceName } from '../contracts/services.ts';
import type { Logger } from './logger.ts';
import type { RemoteService, RemoteServices } from './service-directory.ts';
import { ServiceLink } from './service-link.ts';
import type { ServiceBinding } from './service-link.ts';

/** The other services of the microservices, each behind its binding `SERVICE_<NAME>`. One without a binding is not there. */
export function connectServices(env: object, logger: Logger): RemoteServices {
  const bindings = env as Readonly<Record<string, ServiceBinding | undefined>>;
  const services = new Map<ServiceName, RemoteService>();
  for (const name of SERVICE_NAMES) {
    const binding = bindings[`SERVICE_${name.toUpperCase()}`];
    if (binding !== undefined) services.set(name, connect(new ServiceLink(name, binding, logger)));
  }
  return services;
}

/** The methods that a service answers by RPC: its own API and what every service answers. */
export function callsOf(name: ServiceName): Readonly<Record<string, CallRules>> {
  return { ...(isCallable(name) ? SERVICE_CALLS[name] : {}), ...HOST_CALLS };
}

function connect(link: ServiceLink): RemoteService {
  const deadlinesMs = Object.fromEntries(
    Object.entries(callsOf(link.name)).map(([method, { deadlineMs }]) => [method, deadlineMs]),
  );
  return {
    name: link.name,
    api: isCallable(link.name) ? createCaller(link, SERVICE_CALLS[link.name]) : undefined,
    host: createCaller(link, HOST_CALLS) as unknown as HostApi,
    fetch: (toRequest, deadlineMs) => link.fetch(toRequest, deadlineMs),
    state: () => ({ ...link.state(), deadlinesMs }),
  };
}

/** An object with the contract's methods, each of which calls the service. */
function createCaller(link: ServiceLink, rules: object): object {
  const methods = Object.entries(rules as Readonly<Record<string, CallRules>>).map(
    ([method, rule]) => [method, (...args: unknown[]) => link.call(method, args, rule)] as const,
  );
  return Object.fromEntries(methods);
}

function isCallable(name: ServiceName): name is CallableService {
  return Object.hasOwn(SERVICE_CALLS, name);
}
