import type { FaultBoard } from './fault-board.ts';

type Bindings = Pick<
  Env,
  | 'CACHE'
  | 'DB'
  | 'EVENTS_QUEUE'
  | 'MEDIA'
  | 'METRICS'
  | 'RATE_LIMITER'
  | 'SWEEPER'
  | 'TRANSCODE_JOB'
  | 'TRANSCODE_QUEUE'
  | 'TRANSCODER'
  | 'UPLOAD_SESSION'
  | 'WEBHOOK_SENDER'
>;

const LONGEST_LABEL = 90;

/** The same bindings, every call of which goes through the board first. */
export function faultyBindings(env: Bindings, board: FaultBoard): Bindings {
  return {
    CACHE: watched(env.CACHE, 'CACHE', board),
    DB: faultyDatabase(env.DB, board),
    EVENTS_QUEUE: watched(env.EVENTS_QUEUE, 'EVENTS_QUEUE', board),
    MEDIA: faultyBucket(env.MEDIA, board),
    METRICS: faultyObjects(env.METRICS, 'METRICS', board),
    RATE_LIMITER: faultyObjects(env.RATE_LIMITER, 'RATE_LIMITER', board),
    SWEEPER: faultyObjects(env.SWEEPER, 'SWEEPER', board),
    TRANSCODE_JOB: faultyObjects(env.TRANSCODE_JOB, 'TRANSCODE_JOB', board),
    TRANSCODE_QUEUE: watched(env.TRANSCODE_QUEUE, 'TRANSCODE_QUEUE', board),
    TRANSCODER: faultyObjects(env.TRANSCODER, 'TRANSCODER', board),
    UPLOAD_SESSION: faultyObjects(env.UPLOAD_SESSION, 'UPLOAD_SESSION', board),
    WEBHOOK_SENDER: faultyObjects(env.WEBHOOK_SENDER, 'WEBHOOK_SENDER', board),
  };
}

type Method = (...values: unknown[]) => unknown;

/** `native` with some methods replaced; the others are called on `native` itself, as platform objects demand. */
function replaced<T extends object>(
  native: T,
  replace: (name: string, method: Method) => Method,
): T {
  return new Proxy(native, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== 'function' || typeof name === 'symbol') return value;
      return replace(name, (...values) => Reflect.apply(value, target, values));
    },
  });
}

function watched<T extends object>(native: T, binding: string, board: FaultBoard): T {
  return replaced(native, (name, method) => (...values) => {
    const key = typeof values[0] === 'string' ? ` ${shapeOf(values[0])}` : '';
    return board.call(`${binding}.${name}${key}`, () => method(...values));
  });
}

function faultyBucket(native: R2Bucket, board: FaultBoard): R2Bucket {
  const multipart = (upload: R2MultipartUpload): R2MultipartUpload =>
    replaced(
      upload,
      (name, method) =>
        (...values) =>
          board.call(`MEDIA.multipart.${name}`, () => method(...values)),
    );
  const calls = watched(native, 'MEDIA', board);
  return replaced(native, (name, method) => {
    if (name === 'resumeMultipartUpload')
      return (...values) => multipart(method(...values) as R2MultipartUpload);
    if (name === 'createMultipartUpload')
      return async (key, options) =>
        multipart(
          await calls.createMultipartUpload(String(key), options as R2MultipartOptions | undefined),
        );
    return Reflect.get(calls, name) as Method;
  });
}

function faultyDatabase(native: D1Database, board: FaultBoard): D1Database {
  const known = new WeakMap<object, { statement: D1PreparedStatement; text: string }>();
  const statement = (own: D1PreparedStatement, text: string): D1PreparedStatement => {
    const proxy = replaced(own, (name, method) => (...values) => {
      if (name === 'bind') return statement(method(...values) as D1PreparedStatement, text);
      return board.call(`DB ${text}`, () => method(...values));
    });
    known.set(proxy, { statement: own, text });
    return proxy;
  };
  return replaced(native, (name, method) => (...values) => {
    if (name === 'prepare')
      return statement(method(...values) as D1PreparedStatement, shapeOf(String(values[0])));
    if (name !== 'batch') return board.call(`DB.${name}`, () => method(...values));
    const parts = (values[0] as object[]).map((each) => known.get(each));
    const text = parts.map((part) => part?.text.slice(0, 30)).join('; ');
    return board.call(`DB.batch ${text.slice(0, LONGEST_LABEL)}`, () =>
      method(parts.map((part) => part?.statement)),
    );
  });
}

function faultyObjects<T extends Rpc.DurableObjectBranded | undefined>(
  native: DurableObjectNamespace<T>,
  binding: string,
  board: FaultBoard,
): DurableObjectNamespace<T> {
  const stub = (own: object): object =>
    replaced(
      own,
      (name, method) =>
        (...values) =>
          board.call(`${binding}.${name}`, () => method(...values)),
    );
  return replaced(native, (name, method) => (...values) => {
    const answer = method(...values);
    return name === 'get' || name === 'getByName' ? stub(answer as object) : answer;
  });
}

/** What tells one call from another in a text that also names ids. */
function shapeOf(text: string): string {
  return text
    .replaceAll(/[0-9a-f]{32}/g, '{uid}')
    .replaceAll(/\/[0-9a-z]{20,31}(?=\/)/g, '/{revision}')
    .replaceAll(/\b(upl|job|tok|evt|acc)_[\w-]+/g, '{$1}')
    .replaceAll(/\d+/g, 'n')
    .replaceAll(/\s+/g, ' ')
    .replaceAll('"', '')
    .slice(0, LONGEST_LABEL);
}
