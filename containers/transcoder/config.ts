import { availableParallelism } from 'node:os';
import { z } from 'zod';

const schema = z.object({
  PORT: z.coerce.number().int().min(0).max(65_535).default(8080),
  HOST: z.string().min(1).default('127.0.0.1'),
  TASK_TOKEN_SECRET: z.string().min(32, 'must have at least 32 characters'),
  TRANSCODER_SLOTS: z.coerce.number().int().min(1).max(64).optional(),
  STREAMGATE_ENGINE: z.enum(['auto', 'native', 'wasm']).default('auto'),
  SOURCE_CACHE_BYTES: z.coerce
    .number()
    .int()
    .positive()
    .default(32 * 1024 ** 3),
  LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error']).default('info'),
  WATCH_PARENT: z.enum(['0', '1']).default('0'),
});

/** The encoder's settings, from its environment. */
export interface EncoderConfig {
  readonly port: number;
  readonly host: string;
  readonly secret: string;
  readonly slots: number;
  /** Threads of one encode: the cores divided by the slots. */
  readonly threads: number;
  readonly engine: 'auto' | 'native' | 'wasm';
  readonly sourceCacheBytes: number;
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error';
  readonly watchParent: boolean;
}

/** Throws an Error that names the variable at fault. */
export function parseEncoderConfig(
  env: Readonly<Record<string, string | undefined>>,
): EncoderConfig {
  const parsed = schema.safeParse(env);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new Error(
      `${issue?.path.join('.') ?? 'environment'}: ${issue?.message ?? 'is not valid'}`,
    );
  }
  const { data } = parsed;
  const cores = availableParallelism();
  const slots = data.TRANSCODER_SLOTS ?? Math.max(1, Math.min(4, cores));
  return {
    port: data.PORT,
    host: data.HOST,
    secret: data.TASK_TOKEN_SECRET,
    slots,
    threads: Math.max(1, Math.floor(cores / slots)),
    engine: data.STREAMGATE_ENGINE,
    sourceCacheBytes: data.SOURCE_CACHE_BYTES,
    logLevel: data.LOG_LEVEL,
    watchParent: data.WATCH_PARENT === '1',
  };
}
