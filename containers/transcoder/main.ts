import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';

import { Kernel } from '../../src/kernel/kernel.ts';
import { createLogger } from '../../src/kernel/logger.ts';
import { parseEncoderConfig } from './config.ts';
import type { EncoderConfig } from './config.ts';
import type { EncoderContext } from './encoder-context.ts';
import { createEnginePlugin } from './engine-plugin.ts';
import { createServerPlugin } from './server-plugin.ts';
import { makeWorkFolder } from './work-folder.ts';

/** Cloudflare kills a container 15 minutes after SIGTERM, a laptop's user after seconds; work is handed back at once. */
const STOP_DEADLINE_MS = 25_000;

const config = readConfig();
// ffmpeg gets a clean environment of its own; nothing else here needs the secret either.
delete process.env['TASK_TOKEN_SECRET'];
const logger = createLogger(config.logLevel, { service: 'encoder' });
const root = await makeWorkFolder(tmpdir());
const kernel = new Kernel<EncoderContext>();
kernel.register(createEnginePlugin());
kernel.register(createServerPlugin());

let isStopping = false;

async function stop(reason: string): Promise<void> {
  if (isStopping) return;
  isStopping = true;
  logger.info('encoder.stopping', { reason });
  setTimeout(() => process.exit(1), STOP_DEADLINE_MS).unref();
  try {
    await kernel.stop();
  } catch (error) {
    logger.error('encoder.stop_failed', { error });
  }
  await rm(root, { recursive: true, force: true });
  process.exit(0);
}

process.on('SIGTERM', () => void stop('SIGTERM'));
process.on('SIGINT', () => void stop('SIGINT'));
if (config.watchParent) {
  process.stdin.on('end', () => void stop('parent ended'));
  process.stdin.on('error', () => void stop('parent ended'));
  process.stdin.resume();
}

try {
  await kernel.boot({ config, logger, root });
} catch (error) {
  logger.error('encoder.not_started', { error });
  await rm(root, { recursive: true, force: true });
  process.exit(1);
}

function readConfig(): EncoderConfig {
  try {
    return parseEncoderConfig(process.env);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    return process.exit(1);
  }
}
