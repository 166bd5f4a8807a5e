import { createHttpEncoder, unusable } from './encoder.ts';
import type { Encoder } from './encoder.ts';

/** Where a container finds the task routes: not on any network, an outbound handler answers. */
const TASK_HOST = 'streamgate.task';
const PORT = 8080;
/** A cold start takes a few seconds, the pull of a new image longer. */
const START_DEADLINE_MS = 60_000;
const ASK_AGAIN_MS = 250;
/** A container that nobody asks stops after so long; a task's request holds it. */
const IDLE_MS = 5 * 60_000;
/** Of the 20 GB of disk: the rest is for slices, outputs and the image itself. */
const SOURCE_CACHE_BYTES = 12_500_000_000;

/** Something that answers HTTP requests: a port of the container, or the entrypoint of its task routes. */
interface HttpFace {
  fetch(address: string, init?: RequestInit): Promise<Response>;
}

/** What is used of the platform's `ctx.container`. */
export interface EncoderContainer {
  readonly running: boolean;
  start(options: { readonly enableInternet: boolean; readonly env: Record<string, string> }): void;
  getTcpPort(port: number): HttpFace;
  interceptOutboundHttp(host: string, face: HttpFace): Promise<void>;
  setInactivityTimeout(durationMs: number): Promise<void>;
}

export interface ContainerFacts {
  readonly secret: string;
  readonly logLevel: string;
  /** Answers the task routes; the container reaches nothing else. */
  readonly taskRoutes: HttpFace;
}

/** The encoder in the container behind a Durable Object. It is started when it is first asked for. */
export function createContainerEncoder(
  container: EncoderContainer,
  facts: ContainerFacts,
): Encoder {
  const port = container.getTcpPort(PORT);
  let waking: Promise<void> | undefined;
  const wakeOnce = async (): Promise<void> => {
    if (!container.running) waking = undefined;
    waking ??= wake(container, facts);
    try {
      await waking;
    } catch (error) {
      waking = undefined;
      throw error;
    }
  };
  return createHttpEncoder({
    name: 'The encoder container',
    secret: facts.secret,
    wake: wakeOnce,
    send: async (path, init) => {
      await wakeOnce();
      return port.fetch(`http://encoder${path}`, init);
    },
  });
}

/** Origin under which the encoder of this configuration finds the task routes. */
export function taskOrigin(config: {
  readonly TRANSCODER_URL: string;
  readonly PUBLIC_URL: string;
}): string {
  return config.TRANSCODER_URL === 'container' ? `http://${TASK_HOST}` : config.PUBLIC_URL;
}

async function wake(container: EncoderContainer, facts: ContainerFacts): Promise<void> {
  // The object may be new while its container still runs.
  if (!container.running) {
    container.start({
      enableInternet: false,
      env: {
        TASK_TOKEN_SECRET: facts.secret,
        TRANSCODER_SLOTS: '1',
        SOURCE_CACHE_BYTES: String(SOURCE_CACHE_BYTES),
        LOG_LEVEL: facts.logLevel,
      },
    });
  }
  await container.interceptOutboundHttp(TASK_HOST, facts.taskRoutes);
  await container.setInactivityTimeout(IDLE_MS);
  await untilListening(container.getTcpPort(PORT));
}

async function untilListening(port: HttpFace): Promise<void> {
  const deadline = Date.now() + START_DEADLINE_MS;
  for (;;) {
    try {
      const response = await port.fetch('http://encoder/health');
      await response.body?.cancel();
      return;
    } catch (error) {
      if (Date.now() > deadline)
        throw unusable('The encoder container did not start within a minute.', error);
    }
    await new Promise((resolve) => setTimeout(resolve, ASK_AGAIN_MS));
  }
}
