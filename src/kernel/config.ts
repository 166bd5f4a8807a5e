import { z } from 'zod';

import { AppError } from '../contracts/errors.ts';
import { SERVICE_NAMES } from '../contracts/services.ts';
import type { ServiceName } from '../contracts/services.ts';
import { parseHeaders } from './otlp-headers.ts';

const SECRET_MIN_LENGTH = 32;

const secret = z
  .string()
  .min(
    SECRET_MIN_LENGTH,
    `must have at least ${SECRET_MIN_LENGTH} characters; make one with "openssl rand -hex 32"`,
  )
  .refine((value) => new Set(value).size > 8, 'repeats too few characters to be a secret');

const plugins = z.string().transform((value, context): readonly ServiceName[] => {
  if (value.trim() === 'all') return SERVICE_NAMES;
  const names = value.split(',').map((name) => name.trim());
  const unknown = names.filter((name) => !SERVICE_NAMES.some((known) => known === name));
  if (unknown.length > 0) {
    context.addIssue({
      code: 'custom',
      message: `names no service: ${unknown.join(', ')} (known: all, ${SERVICE_NAMES.join(', ')})`,
    });
    return z.NEVER;
  }
  return SERVICE_NAMES.filter((known) => names.includes(known));
});

const origin = z.url({ protocol: /^https?$/ }).transform((value) => new URL(value).origin);

const quota = z.coerce.number().int().min(1).max(1_000_000);

const otlpHeaders = z.string().transform((value, context) => {
  try {
    return parseHeaders(value);
  } catch (error) {
    context.addIssue({ code: 'custom', message: String(error) });
    return z.NEVER;
  }
});

const hostList = z
  .string()
  .transform((value) => (value.trim() === '' ? [] : value.split(',').map((each) => each.trim())))
  .pipe(z.array(z.string().regex(/^[^\s/@]+:\d{1,5}$/, 'must be a list of host:port')));

/** Every key of `[vars]` and every secret. docs/configuration.md explains each. */
const configSchema = z.object({
  APP_MODE: z.enum(['monolith', 'microservices']),
  APP_SERVICE_NAME: z.string().min(1),
  APP_PLUGINS: plugins,
  APP_ENVIRONMENT: z.enum(['development', 'production']),
  PUBLIC_URL: origin,
  LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error']),
  /** Base address of an OTLP/HTTP receiver of traces; none is sent while it is empty. */
  OTLP_ENDPOINT: z.union([z.literal(''), z.url({ protocol: /^https?$/ })]).default(''),
  OTLP_SAMPLE_RATIO: z.coerce.number().min(0).max(1).default(1),
  OTLP_HEADERS: otlpHeaders.default({}),
  RATE_LIMITS: z.enum(['on', 'off']).default('on'),
  /** The first two must be the `limit` of the bindings RATE_LIMIT_TOKEN and RATE_LIMIT_ADDRESS. */
  RATE_LIMIT_TOKEN_PER_MINUTE: quota.default(6000),
  RATE_LIMIT_ADDRESS_PER_MINUTE: quota.default(600),
  RATE_LIMIT_AUTH_FAILURES_PER_MINUTE: quota.default(20),
  RATE_LIMIT_TOKEN_EXCHANGES_PER_MINUTE: quota.default(120),
  RATE_LIMIT_UPLOADS_PER_HOUR: quota.default(3600),
  /** Address of the encoder process, or `container`; while it is empty, uploads are taken and their jobs wait. */
  TRANSCODER_URL: z.union([z.literal(['', 'container']), origin]),
  TRANSCODER_SLOTS: z.coerce.number().int().min(1).max(1000),
  UPLOAD_MAX_BYTES: z.coerce.number().int().positive(),
  UPLOAD_EXPIRY_SECONDS: z.coerce.number().int().min(1),
  SOURCE_MAX_DURATION_SECONDS: z.coerce.number().positive(),
  /** Limits of the alerts; docs/monitoring.md explains each. */
  ALERT_BACKLOG_MINUTES: z.coerce.number().positive().default(60),
  ALERT_ERROR_PCT: z.coerce.number().positive().max(100).default(5),
  ALERT_STUCK_JOB_MINUTES: z.coerce.number().positive().default(30),
  ALERT_QUEUE_LAG_SECONDS: z.coerce.number().positive().default(300),
  ALERT_AVAILABILITY_PCT: z.coerce.number().min(90).lt(100).default(99.9),
  /** Receivers of webhooks that need not be public https servers, as `host:port`; for development only. */
  WEBHOOK_ALLOWED_HOSTS: hostList.default([]),
  KEY_ENCRYPTION_SECRET: secret,
  TASK_TOKEN_SECRET: secret,
});

const checkedSchema = configSchema.refine(
  ({ APP_ENVIRONMENT, WEBHOOK_ALLOWED_HOSTS }) =>
    APP_ENVIRONMENT === 'development' || WEBHOOK_ALLOWED_HOSTS.length === 0,
  { path: ['WEBHOOK_ALLOWED_HOSTS'], message: 'must be empty in production' },
);

export type Config = Readonly<z.infer<typeof configSchema>>;

/** Reads the configuration once. Throws `platform.not_configured` and names every variable at fault. */
export function parseConfig(variables: object): Config {
  const parsed = checkedSchema.safeParse(variables);
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
  throw new AppError(
    'platform.not_configured',
    `configuration is not usable: ${faults.join('; ')}`,
  );
}
