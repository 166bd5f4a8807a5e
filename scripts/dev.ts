import { resolve } from 'node:path';

import { readCommandLine, readPort } from './command-line.ts';
import { confirmTokenShown } from './local-state.ts';
import { startPlatform } from './platform.ts';

const HELP = `Usage: npm run dev -- [options]

Runs the whole platform on this machine: gateway, services, stores, queues and the encoder.

  --port N          port of the API and the page (default 8787)
  --persist-to DIR  folder that keeps everything between runs (default .streamgate)
  --plugins LIST    services to run, such as "auth,metadata,streaming" (default all)
  --verbose         print every log line (they also go to platform.log in the folder)
  --help            this text

The admin token is printed on the first run, or taken from STREAMGATE_ADMIN_TOKEN (32 characters or more).
Ctrl-C stops everything.`;

const { values } = readCommandLine({
  options: {
    port: { type: 'string', default: '8787' },
    'persist-to': { type: 'string', default: '.streamgate' },
    plugins: { type: 'string' },
    verbose: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) {
  console.log(HELP);
  process.exit(0);
}

const port = readPort(values.port);
const adminToken = process.env['STREAMGATE_ADMIN_TOKEN'];
const persistTo = resolve(values['persist-to']);
console.log('Starting StreamGate …');
try {
  const platform = await startPlatform({
    port,
    persistTo,
    onLine: (line) => {
      if (values.verbose || /"level":"(warn|error)"|^the encoder/.test(line)) console.log(line);
    },
    ...(adminToken !== undefined && adminToken !== '' && { adminToken }),
    ...(values.plugins !== undefined && { variables: { APP_PLUGINS: values.plugins } }),
  });
  console.log(`
StreamGate is ready.

  page    ${platform.url}/
  API     ${platform.url}/openapi.json
  ready   ${platform.url}/ready
  logs    ${platform.logFile}`);
  if (platform.isFirstRun) {
    console.log(`\n  Admin token, shown this once – keep it:\n  ${platform.adminToken}`);
    await confirmTokenShown(persistTo);
  }
  console.log('\nCtrl-C stops it.');
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      console.log('\nStopping …');
      void platform.stop().then(() => process.exit(0));
    });
  }
  console.error(await platform.crashed);
  await platform.stop();
  process.exit(1);
} catch (error) {
  console.error(
    `StreamGate did not start: ${error instanceof Error ? error.message : String(error)}`,
  );
  process.exit(1);
}
