import type { HostApi } from './host-api.ts';
import type { CallableService, ServiceApis } from './service-apis.ts';

/** How a call between two Workers behaves. In one Worker it is a method call and none of this applies. */
export interface CallRules {
  /** The longest that a caller waits, all attempts together; less when its own caller waits less. */
  readonly deadlineMs: number;
  /** A repeat changes nothing, so a call that failed may be made again. */
  readonly idempotent: boolean;
}

type RulesOf<Api> = { readonly [Method in keyof Api]: CallRules };

const read = (deadlineMs = 5000): CallRules => ({ deadlineMs, idempotent: true });
const write = (deadlineMs = 15_000): CallRules => ({ deadlineMs, idempotent: true });
const once = (deadlineMs = 15_000): CallRules => ({ deadlineMs, idempotent: false });

/** The rules of every call between services. */
export const SERVICE_CALLS: { readonly [Name in CallableService]: RulesOf<ServiceApis[Name]> } = {
  auth: { authenticateApiToken: read(), accessTokenSnapshot: read() },
  upload: { abortForVideo: write(), moveExpiry: write() },
  metadata: {
    createVideo: write(),
    findVideo: read(),
    wasDeleted: read(),
    describeVideo: read(),
    uploadCompleted: write(),
    restart: once(),
    encodeStarted: write(),
    sourceProbed: write(),
    published: write(),
    isPlayable: read(),
    failed: write(),
    uploadExpired: write(),
  },
  // What the cache saves is cheaper than waiting for it.
  cache: { get: read(500), put: write(5000), invalidate: write(5000) },
  transcoder: {
    progress: read(2000),
    cancelForVideo: write(),
    poke: write(),
    encoderHealth: read(),
    workload: read(),
    requireProfile: read(),
    makeImage: once(10_000),
  },
  worker: { armSweeper: write(5000), recordDeadLetter: write() },
  monitor: { addMetrics: write(5000), readiness: read(10_000) },
};

/** The rules of what every service answers beside its own API. */
export const HOST_CALLS: RulesOf<HostApi> = {
  serviceHealth: { deadlineMs: 2500, idempotent: false },
  // The queue repeats it.
  deliverEvent: once(30_000),
  listJobs: read(3000),
  // The sweeper repeats it.
  runJob: once(60_000),
};
