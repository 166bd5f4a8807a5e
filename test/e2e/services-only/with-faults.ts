import { env } from 'cloudflare:workers';
import type { WorkerEntrypoint } from 'cloudflare:workers';

type Entrypoint = typeof WorkerEntrypoint<Env>;
type Method = (...args: unknown[]) => Promise<unknown>;

const HANG_MS = 30_000;

/** The service, except that before every call it asks the test what to do: go on, throw, or hang for 30 s. */
export function withFaults(Service: Entrypoint, name: string): Entrypoint {
  class Faulty extends Service {}
  const methods = Object.getOwnPropertyNames(Service.prototype).filter((m) => m !== 'constructor');
  for (const method of methods) {
    Object.defineProperty(Faulty.prototype, method, {
      async value(...args: unknown[]) {
        await suffer(name);
        const call = Reflect.get(Service.prototype, method) as Method;
        return Reflect.apply(call, this, args);
      },
    });
  }
  return Faulty;
}

async function suffer(name: string): Promise<void> {
  const orders = String(Reflect.get(env, 'FAULT_URL'));
  const fault = await (await fetch(`${orders}/${name}`)).text();
  if (fault === 'throws') throw new Error(`${name} was told to throw`);
  if (fault === 'hangs') await new Promise((resolve) => setTimeout(resolve, HANG_MS));
}
