/** `whk` webhook, `dlv` delivery of one, `alr` alert, `dlt` dead letter. */
export type IdPrefix =
  | 'upl'
  | 'job'
  | 'tok'
  | 'evt'
  | 'req'
  | 'key'
  | 'whk'
  | 'dlv'
  | 'alr'
  | 'dlt';

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';
const TIME_DIGITS = 10;
const RANDOM_DIGITS = 16;

/** A prefixed id that sorts by creation time: 10 base-32 digits of `now` (ms), then 80 random bits. */
export function createId(prefix: IdPrefix, now: number): string {
  return `${prefix}_${sortable(now)}`;
}

/** The id of one processing run of a video; its job is `job_{revision}`. */
export function createRevision(now: number): string {
  return sortable(now);
}

/** Job id of a revision. */
export function jobIdOf(revision: string): string {
  return `job_${revision}`;
}

/** A video uid: 32 hex digits (Stream's form). */
export function createUid(): string {
  return crypto.randomUUID().replaceAll('-', '');
}

/** True for 32 lower-case hex digits. */
export function isUid(value: string): boolean {
  return /^[0-9a-f]{32}$/.test(value);
}

function sortable(now: number): string {
  let time = '';
  for (let rest = Math.floor(now), i = 0; i < TIME_DIGITS; i += 1) {
    time = ALPHABET.charAt(rest % 32) + time;
    rest = Math.floor(rest / 32);
  }
  const random = crypto.getRandomValues(new Uint8Array(RANDOM_DIGITS));
  return time + Array.from(random, (byte) => ALPHABET.charAt(byte % 32)).join('');
}
