import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { z } from 'zod';

import { missingPrograms, pinned } from './programs.ts';

const CONNECTIONS = 16;
const CLIENT_CORE = 1;

/** One address and the headers to ask with. */
export interface Target {
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What the load generator saw. */
export interface Load {
  readonly requests: number;
  readonly requestsPerSecond: number;
  readonly bytes: number;
  /** Answers that were not 2xx or 3xx, and broken connections. */
  readonly errors: number;
}

/** Asks for one address as fast as the server answers. Throws when any answer was wrong: an error is quick to serve. */
export async function loadWith(
  { url, headers = {} }: Target,
  seconds: number,
  answerBytes: number,
): Promise<Load> {
  const fields = Object.entries(headers).flatMap(([name, value]) => ['-H', `${name}: ${value}`]);
  const wrk = ['wrk', '-t1', `-c${CONNECTIONS}`, `-d${seconds}s`, ...fields, url];
  const load = (await hasWrk())
    ? parseWrk(await runPinned(wrk))
    : parseAutocannon(await runPinned(autocannon(url, seconds, fields)));
  // The last answers are cut off by the end of the run; heads come on top of the bodies.
  const whole = (load.requests - CONNECTIONS) * answerBytes;
  if (load.errors > 0 || load.requests < CONNECTIONS || load.bytes < whole)
    throw new Error(`${url} did not answer as it should under load: ${JSON.stringify(load)}`);
  return load;
}

async function hasWrk(): Promise<boolean> {
  return (await missingPrograms(['wrk'])).length === 0;
}

/** Where there is no wrk: slower, so that it may be the client that sets the requests per second. */
function autocannon(url: string, seconds: number, fields: readonly string[]): string[] {
  const program = fileURLToPath(import.meta.resolve('autocannon'));
  const options = ['-c', String(CONNECTIONS), '-d', String(seconds), '--json', '--no-progress'];
  return [process.execPath, program, ...options, ...fields, url];
}

async function runPinned(command: readonly string[]): Promise<string> {
  const [program = '', ...args] = await pinned(CLIENT_CORE, command);
  return (await promisify(execFile)(program, args)).stdout;
}

const autocannonReport = z.object({
  requests: z.object({ total: z.number(), average: z.number() }),
  throughput: z.object({ total: z.number() }),
  errors: z.number(),
  non2xx: z.number(),
});

/** Reads autocannon's report. Throws when it is not one. */
export function parseAutocannon(text: string): Load {
  const { requests, throughput, errors, non2xx } = autocannonReport.parse(JSON.parse(text));
  return {
    requests: requests.total,
    requestsPerSecond: requests.average,
    bytes: throughput.total,
    errors: errors + non2xx,
  };
}

const UNITS: Readonly<Record<string, number>> = { B: 1, KB: 2 ** 10, MB: 2 ** 20, GB: 2 ** 30 };

/** Reads wrk's report. Throws when it is not one. */
export function parseWrk(text: string): Load {
  const [, requests, amount, unit = ''] =
    /(\d+) requests in [\d.]+\w+, ([\d.]+)([KMG]?B) read/.exec(text) ?? [];
  const perSecond = /Requests\/sec:\s+([\d.]+)/.exec(text)?.[1];
  if (requests === undefined || perSecond === undefined)
    throw new Error(`this is no report of wrk:\n${text}`);
  const socket = /Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/.exec(text);
  const refused = Number(/Non-2xx or 3xx responses: (\d+)/.exec(text)?.[1] ?? 0);
  return {
    requests: Number(requests),
    requestsPerSecond: Number(perSecond),
    // wrk prints three digits: the true number may be half a hundredth larger.
    bytes: (Number(amount) + 0.005) * (UNITS[unit] ?? 1),
    errors: (socket?.slice(1) ?? []).reduce((sum, count) => sum + Number(count), refused),
  };
}
