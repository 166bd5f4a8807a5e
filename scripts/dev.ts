import { resolve } from 'node:path';

import { readCommandLine, readPort } from './command-line.ts';
import { runPlatform } from './run-platform.ts';

const HELP = `Usage: npm run dev -- [options]

Runs the whole platform on this machine: gateway, services, stores, queues and the encoder.

  --port N          port of the API and the page (default 8787)
  --persist-to DIR  folder that keeps everything between runs (default .streamgate)
  --plugins LIST    services to run, such as "auth,metadata,streaming" (default all)
  --webhook-hosts LIST
                    receivers of webhooks on this machine, such as "127.0.0.1:9000"
  --verbose         print every log line (they also go to platform.log in the folder)
  --help            this text

The admin token is printed on the first run, or taken from STREAMGATE_ADMIN_TOKEN (32 characters or more).
Ctrl-C stops everything.`;

const { values } = readCommandLine({
  options: {
    port: { type: 'string', default: '8787' },
    'persist-to': { type: 'string', default: '.streamgate' },
    plugins: { type: 'string' },
    'webhook-hosts': { type: 'string' },
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
  variables: {
    ...(values.plugins !== undefined && { APP_PLUGINS: values.plugins }),
    ...(values['webhook-hosts'] !== undefined && {
      WEBHOOK_ALLOWED_HOSTS: values['webhook-hosts'],
    }),
  },
});
