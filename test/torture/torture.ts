import { readCommandLine, refuse } from '../../scripts/command-line.ts';
import { runCallFaults } from './call-run.ts';
import { runFaults } from './fault-run.ts';
import { runFuzz } from './fuzz-run.ts';

const HELP = `Usage: npm run torture -- [options]

Damaged files through the real encoder, encodes in which something breaks, and uploads in which a call to a store, a queue
or a Durable Object breaks. Prints what happened and ends with 1 when a file escaped, hung, crashed or got no clear answer,
when a job was called ready with other bytes than it should have, or when an upload was lost or left something behind.

  --seed N      first seed (default: from the clock); case n has seed N + n
  --cases N     damaged files (default 2000): half in the sandbox, half behind the whitelists alone
  --faults N    encodes with a fault (default 500)
  --calls N     uploads with a broken call (default 2000: every call, in every way)
  --minutes N   begin nothing new after this time, for each of the four parts (default 60)
  --verbose     one line a case
  --help        this text

One case again: npm run torture -- --seed N --cases 2 --faults 0 --calls 0; one fault: --seed N --cases 0 --faults 1 --calls 0.`;

const { values } = readCommandLine({
  options: {
    seed: { type: 'string' },
    cases: { type: 'string', default: '2000' },
    faults: { type: 'string', default: '500' },
    calls: { type: 'string', default: '2000' },
    minutes: { type: 'string', default: '60' },
    verbose: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) {
  console.log(HELP);
  process.exit(0);
}

const seed =
  values.seed === undefined ? Date.now() % 1_000_000_000 : wholeNumber('seed', values.seed);
const cases = wholeNumber('cases', values.cases);
const faults = wholeNumber('faults', values.faults);
const calls = wholeNumber('calls', values.calls);
const forMs = wholeNumber('minutes', values.minutes) * 60_000;
const onLine = values.verbose ? (line: string): void => console.log(line) : undefined;
const bad: unknown[] = [];
console.log(`--seed ${seed}`);

for (const tools of [undefined, ['prlimit', 'setpriv']]) {
  if (cases === 0) continue;
  const plan = { seed, cases: Math.ceil(cases / 2), forMs };
  const report = await runFuzz({
    ...plan,
    ...(tools !== undefined && { tools }),
    ...(onLine !== undefined && { onCase: onLine }),
  });
  console.log(JSON.stringify(report, null, 2));
  bad.push(...report.bad);
}
if (faults > 0) {
  const plan = { seed, jobs: faults, forMs };
  const report = await runFaults({ ...plan, ...(onLine !== undefined && { onJob: onLine }) });
  console.log(JSON.stringify(report, null, 2));
  bad.push(...report.bad);
}
if (calls > 0) {
  const plan = { seed, faults: calls, forMs };
  const report = await runCallFaults({
    ...plan,
    ...(onLine !== undefined && { onFault: onLine }),
  });
  console.log(JSON.stringify(report, null, 2));
  bad.push(...report.bad);
}
console.log(bad.length === 0 ? 'All held.' : `${bad.length} did not hold.`);
process.exit(bad.length === 0 ? 0 : 1);

function wholeNumber(name: string, text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 0) return value;
  return refuse(`--${name} takes a whole number, not "${text}".`);
}
