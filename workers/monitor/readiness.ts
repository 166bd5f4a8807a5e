import { sql } from 'drizzle-orm';

import type { ReadinessCheck } from '../../src/contracts/service-apis.ts';
import type { ServiceContext } from '../../src/kernel/service-context.ts';

const CHECK_DEADLINE_MS = 3000;

/** Asks every dependency at once. Each check says what it saw or what is still to do. */
export async function checkReadiness(context: ServiceContext): Promise<ReadinessCheck[]> {
  const { env, db, services } = context;
  const checks: Readonly<Record<string, () => Promise<string>>> = {
    database: async () => {
      const [row] = await db
        .all<{ accounts: number }>(sql`SELECT count(*) AS accounts FROM accounts`)
        .catch(explainMissingSchema);
      if (row === undefined || row.accounts === 0)
        throw new Error('no account yet: "npm run deploy" makes it with its admin token');
      return 'schema and account are there';
    },
    objects: async () => {
      await env.MEDIA.head('readiness');
      return 'answers';
    },
    cache: async () => {
      await env.CACHE.get('readiness');
      return 'answers';
    },
    queues: async () => {
      const depths = await Promise.all([env.EVENTS_QUEUE.metrics(), env.TRANSCODE_QUEUE.metrics()]);
      return depths.map(({ backlogCount }) => `${backlogCount} waiting`).join(', ');
    },
    transcoder: async () => {
      const { engine, busy, slots, sandbox } = await services.get('transcoder').encoderHealth();
      const facts = [engine, `${busy} of ${slots} slots busy`, sandbox];
      return facts.filter((fact) => fact !== undefined).join(', ');
    },
  };
  return Promise.all(Object.entries(checks).map(([name, check]) => runCheck(name, check)));
}

function explainMissingSchema(error: unknown): never {
  const cause = error instanceof Error ? (error.cause ?? error) : error;
  if (!/no such table/.test(String(cause))) throw error;
  throw new Error('no schema yet: "npm run deploy" applies the migrations', { cause });
}

async function runCheck(name: string, check: () => Promise<string>): Promise<ReadinessCheck> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`no answer within ${CHECK_DEADLINE_MS} ms`)),
      CHECK_DEADLINE_MS,
    );
  });
  try {
    return { name, ok: true, detail: await Promise.race([check(), deadline]) };
  } catch (error) {
    return { name, ok: false, detail: error instanceof Error ? error.message : String(error) };
  } finally {
    clearTimeout(timer);
  }
}
