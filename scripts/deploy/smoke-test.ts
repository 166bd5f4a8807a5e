import { setTimeout as sleep } from 'node:timers/promises';

import type { Shape } from './read-workers.ts';

/** A new address may take so long until it answers everywhere. */
const FIRST_ANSWER_MS = 90_000;
const ASK_AGAIN_MS = 1000;

interface Check {
  readonly name: string;
  readonly ok: boolean;
  readonly detail: string;
}

/**
 * Asks the deployed platform what a user would ask first. Answers what is still to do for transcodes; throws when
 * anything else does not work.
 */
export async function smokeTest(url: string, shape: Shape): Promise<readonly string[]> {
  await untilAlive(url);
  const { checks } = (await (await fetch(`${url}/ready`)).json()) as { checks: readonly Check[] };
  const failing = checks.filter(({ ok }) => !ok);
  const told = failing.map(({ name, detail }) => `${name}: ${detail}`);
  if (failing.some(({ name }) => name !== 'transcoder'))
    throw new Error(`${url}/ready says: ${told.join('; ')}`);
  await requireStatus(`${url}/openapi.json`, 200);
  await requireStatus(`${url}/`, 200);
  await requireStatus(`${url}/client/v4/accounts/default/stream`, 401);
  const { mode } = (await (await requireStatus(`${url}/api/v1/services`, 200)).json()) as {
    mode: string;
  };
  const expected = shape === 'monolith' ? 'monolith' : 'microservices';
  if (mode !== expected) throw new Error(`${url} answers as ${mode}, not as ${expected}`);
  return told;
}

async function untilAlive(url: string): Promise<void> {
  const deadline = Date.now() + FIRST_ANSWER_MS;
  for (;;) {
    const seen = await statusOf(`${url}/health/live`);
    if (seen === '200') return;
    if (Date.now() > deadline)
      throw new Error(`${url}/health/live did not answer within 90 s: ${seen}`);
    await sleep(ASK_AGAIN_MS);
  }
}

async function statusOf(address: string): Promise<string> {
  try {
    const response = await fetch(address, { signal: AbortSignal.timeout(10_000) });
    await response.body?.cancel();
    return String(response.status);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

async function requireStatus(address: string, status: number): Promise<Response> {
  const response = await fetch(address, { signal: AbortSignal.timeout(10_000) });
  if (response.status === status) return response;
  throw new Error(`${address} answered ${response.status}, not ${status}`);
}
