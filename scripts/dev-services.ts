import { resolve } from 'node:path';

import { SERVICE_NAMES } from '../src/contracts/services.ts';
import type { ServiceName } from '../src/contracts/services.ts';
import { readCommandLine, readPort, refuse } from './command-line.ts';
import { runPlatform } from './run-platform.ts';

const HELP = `Usage: npm run dev:services -- [options]

Runs the platform as microservices: nine Workers in one local runtime, joined by their bindings, and the encoder.
On the folder of "npm run dev" it finds the same videos; only uploads and jobs under way stay where they began.

  --port N          port of the gateway (default 8787)
  --persist-to DIR  folder that keeps everything between runs (default .streamgate)
  --only LIST       services to run beside the gateway, such as "auth,upload" (default all).
                    One that is left out has no binding: what needs it answers 503 and names it
  --verbose         print every log line (they also go to platform.log in the folder)
  --help            this text

Services: ${SERVICE_NAMES.join(', ')}
The admin token is printed on the first run, or taken from STREAMGATE_ADMIN_TOKEN (32 characters or more).
Ctrl-C stops everything.`;

const { values } = readCommandLine({
  options: {
    port: { type: 'string', default: '8787' },
    'persist-to': { type: 'string', default: '.streamgate' },
    only: { type: 'string' },
    verbose: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) {
  console.log(HELP);
  process.exit(0);
}

await runPlatform({
  port: readPort(values.port),
  persistTo: resolve(values['persist-to']),
  verbose: values.verbose,
  services: values.only === undefined ? {} : { only: readServices(values.only) },
});

function readServices(list: string): ServiceName[] {
  return list.split(',').map((given) => {
    const name = SERVICE_NAMES.find((known) => known === given.trim());
    return name ?? refuse(`--only knows no service "${given.trim()}".`);
  });
}
