import { confirmTokenShown } from './local-state.ts';
import { startPlatform } from './platform.ts';
import type { PlatformOptions } from './platform.ts';

/** Runs the platform until Ctrl-C or until it breaks, and says on the console what a person needs. Ends the process. */
export async function runPlatform(
  options: Omit<PlatformOptions, 'adminToken' | 'onLine'> & { readonly verbose: boolean },
): Promise<never> {
  const adminToken = process.env['STREAMGATE_ADMIN_TOKEN'];
  console.log('Starting StreamGate …');
  try {
    const platform = await startPlatform({
      ...options,
      onLine: (line) => {
        if (options.verbose || /"level":"(warn|error)"|^the encoder/.test(line)) console.log(line);
      },
      ...(adminToken !== undefined && adminToken !== '' && { adminToken }),
    });
    console.log(`
StreamGate is ready.

  page    ${platform.url}/
  API     ${platform.url}/openapi.json
  ready   ${platform.url}/ready
  logs    ${platform.logFile}`);
    if (platform.isFirstRun) {
      console.log(`\n  Admin token, shown this once – keep it:\n  ${platform.adminToken}`);
      await confirmTokenShown(options.persistTo);
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
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    console.error(`StreamGate did not start: ${reason}`);
  }
  process.exit(1);
}
