import { readCommandLine, refuse } from './command-line.ts';
import { deployPlatform } from './deploy/deploy-platform.ts';
import { makePlan, writeConfig } from './deploy/plan.ts';
import type { Plan } from './deploy/plan.ts';
import { runWrangler } from './deploy/wrangler.ts';

const HELP = `Usage: npm run deploy -- [options]            one Worker
       npm run deploy:services -- [options]   one Worker for each service

Checks the account, makes what is missing (D1, R2 with lifecycle rules, KV, queues), applies migrations, generates
secrets once, deploys callee first and asks the deployed platform whether it works. Running it again is an upgrade.

  --env NAME             stage with Workers and data of its own, such as "staging" (default production)
  --url URL              address of the platform: a domain of the account (default its workers.dev address);
                         remembered by the next deploy
  --containers           run the encoder in Cloudflare Containers (needs Docker here and the Workers Paid plan);
                         remembered, --no-containers ends it
  --transcoder-url URL   or use an encoder process of yours; remembered
  --dry-run              all that needs no account: print the plan, bundle every Worker
  --change-shape         take the stage over from the other shape (docs/deployment.md)
  --help                 this text`;

const { values } = readCommandLine({
  allowNegative: true,
  options: {
    services: { type: 'boolean', default: false },
    env: { type: 'string', default: 'production' },
    url: { type: 'string' },
    containers: { type: 'boolean' },
    'transcoder-url': { type: 'string' },
    'dry-run': { type: 'boolean', default: false },
    'change-shape': { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) {
  console.log(HELP);
  process.exit(0);
}
if (values.containers === true && values['transcoder-url'] !== undefined)
  refuse('--containers and --transcoder-url are two answers to one question.');

try {
  const plan = makePlan(values.services ? 'services' : 'monolith', values.env);
  printPlan(plan);
  const url = values.url === undefined ? undefined : readOrigin('--url', values.url);
  const transcoder = chooseTranscoder();
  if (values['dry-run']) await bundle(plan, { transcoder: transcoder ?? '', ...(url && { url }) });
  else {
    await deployPlatform(
      {
        plan,
        changeShape: values['change-shape'],
        ...(url !== undefined && { url }),
        ...(transcoder !== undefined && { transcoder }),
      },
      console.log,
    );
  }
} catch (error) {
  console.error(`Not deployed: ${error instanceof Error ? error.message : String(error)}`);
  process.exit(1);
}

function chooseTranscoder(): string | undefined {
  if (values.containers === true) return 'container';
  const given = values['transcoder-url'];
  if (given !== undefined) return readOrigin('--transcoder-url', given);
  return values.containers === false ? '' : undefined;
}

function readOrigin(option: string, text: string): string {
  if (!/^https?:\/\//.test(text) || !URL.canParse(text))
    return refuse(`${option} takes an address such as https://video.example.com, not "${text}".`);
  return new URL(text).origin;
}

function printPlan({ shape, stage, workers, resources }: Plan): void {
  console.log(`StreamGate  ${shape}, stage ${stage}
Workers     ${workers.map(({ name }) => name).join(', ')}
D1          ${resources.databases.join(', ')}
R2          ${resources.buckets.join(', ')}
KV          ${resources.namespaces.join(', ')}
Queues      ${resources.queues.join(', ')}`);
}

async function bundle(plan: Plan, settings: Parameters<typeof writeConfig>[2]): Promise<void> {
  for (const worker of plan.workers) {
    const config = writeConfig(plan, worker, settings, new Map());
    const output = await runWrangler([
      'deploy',
      '--dry-run',
      '--containers-rollout=none',
      '-c',
      config,
    ]);
    const size = /gzip: ([\d.]+ \w+)/.exec(output)?.[1] ?? 'unknown size';
    console.log(`Bundled     ${worker.name}, ${size} gzip`);
  }
  console.log('Dry run: nothing was deployed.');
}
