import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { arch, cpus, platform, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';

import { bundleBenchmark } from '../test/bench/bundle.ts';
import { startupBenchmark } from '../test/bench/startup.ts';
import { hostileBenchmark } from '../test/bench/hostile.ts';
import { judge, machineLoad } from '../test/bench/figure.ts';
import type { Benchmark, BenchOptions, Figure, Verdict } from '../test/bench/figure.ts';
import { missingPrograms } from '../test/bench/programs.ts';
import { readyBenchmark } from '../test/bench/ready.ts';
import { renderTable } from '../test/bench/render-table.ts';
import { requestsBenchmark } from '../test/bench/requests.ts';
import { serveBenchmark } from '../test/bench/serve.ts';
import { tasksBenchmark } from '../test/bench/tasks.ts';
import { verdictBenchmark } from '../test/bench/verdict.ts';
import { readCommandLine, refuse } from './command-line.ts';

const BENCHMARKS: readonly Benchmark[] = [
  serveBenchmark,
  requestsBenchmark,
  bundleBenchmark,
  startupBenchmark,
  verdictBenchmark,
  hostileBenchmark,
  tasksBenchmark,
  readyBenchmark,
];

const HELP = `Usage: npm run bench -- [options]

Measures the product against the best that this machine can do, and prints each figure with its target. Linux only.
docs/benchmarks.md says how, and how to read it. The exit code is 1 when a target is missed or a benchmark fails.

  --only NAME,…   some of: ${BENCHMARKS.map(({ name }) => name).join(', ')}
  --repeats N     rounds of product and peer in turn (default 3)
  --minutes N     length of the source of tasks and ready (default 1)
  --quick         10 s of source, one round, fewer files: shows that it works, proves nothing
  --json FILE     also write the figures there
  --help          this text

${BENCHMARKS.map(({ name, title }) => `  ${name.padEnd(14)}  ${title}`).join('\n')}`;

const QUICK_SECONDS = 10;

const { values } = readCommandLine({
  options: {
    only: { type: 'string' },
    repeats: { type: 'string', default: '3' },
    minutes: { type: 'string', default: '1' },
    quick: { type: 'boolean', default: false },
    json: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  console.log(HELP);
  process.exit(0);
}
if (platform() !== 'linux') refuse('The benchmarks read /proc, so they run on Linux only.');

/** A figure with its verdict and the load under which it was taken. */
export interface Result extends Figure, Verdict {
  readonly benchmark: string;
  readonly load: string;
}

const chosen = chooseBenchmarks(values.only);
const settings = {
  quick: values.quick,
  repeats: values.quick ? 1 : readCount('--repeats', values.repeats),
  seconds: values.quick ? QUICK_SECONDS : 60 * readCount('--minutes', values.minutes),
};
const machine = `${platform()} ${arch()}, ${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, ${(totalmem() / 2 ** 30).toFixed(0)} GiB, Node ${process.version}`;
console.log(`${machine}\nload at the start: ${machineLoad()}\n`);

const startedAt = new Date().toISOString();
const results: Result[] = [];
const problems: string[] = [];
for (const benchmark of chosen) await runOne(benchmark);
console.log(`\n${renderTable(results)}`);
for (const problem of problems) console.error(problem);
if (values.json !== undefined) {
  const report = { startedAt, machine, ...settings, results, problems };
  await writeFile(values.json, `${JSON.stringify(report, undefined, 2)}\n`);
}
process.exit(problems.length > 0 || results.some(({ passed }) => passed === false) ? 1 : 0);

async function runOne(benchmark: Benchmark): Promise<void> {
  const missing = await missingPrograms(benchmark.programs);
  if (missing.length > 0) {
    problems.push(`${benchmark.name} was left out: ${missing.join('; ')}`);
    return;
  }
  console.log(`${benchmark.name}: ${benchmark.title}`);
  const folder = await mkdtemp(join(tmpdir(), 'streamgate-bench-'));
  const load = machineLoad();
  const options: BenchOptions = { ...settings, folder, say: (text) => console.log(`  ${text}`) };
  try {
    const figures = await benchmark.run(options);
    for (const figure of figures)
      results.push({
        benchmark: benchmark.name,
        ...figure,
        ...judge(figure),
        load: `${load}, then ${machineLoad()}`,
      });
  } catch (error) {
    problems.push(
      `${benchmark.name} did not work: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function chooseBenchmarks(only: string | undefined): readonly Benchmark[] {
  if (only === undefined) return BENCHMARKS;
  const names = only.split(',').map((name) => name.trim());
  const unknown = names.find((name) => !BENCHMARKS.some((each) => each.name === name));
  if (unknown !== undefined) return refuse(`--only: there is no benchmark "${unknown}".`);
  return BENCHMARKS.filter(({ name }) => names.includes(name));
}

function readCount(option: string, value: string): number {
  const count = Number(value);
  if (Number.isInteger(count) && count > 0) return count;
  return refuse(`${option} takes a whole number from 1, not "${value}".`);
}
