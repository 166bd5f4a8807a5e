import { z } from '@hono/zod-openapi';
import { and, asc, desc, eq, gt, inArray, isNull, lt, or, sql } from 'drizzle-orm';
import type { SQL } from 'drizzle-orm';

import { videos } from '../../src/db/metadata.ts';

const MAX_LISTED = 1000;
const STATES = ['pendingupload', 'queued', 'inprogress', 'ready', 'error'] as const;
/** States of Stream that no video of ours is ever in. */
const FOREIGN_STATES = ['downloading', 'live-inprogress'] as const;

const time = z.iso.datetime({ offset: true }).transform((value) => Date.parse(value));
const flag = z.enum(['true', 'false']).transform((value) => value === 'true');
const uids = z
  .string()
  .transform((value) => value.split(','))
  .pipe(
    z.array(z.string().regex(/^[0-9a-f]{32}$/, 'must be a list of video uids')).max(MAX_LISTED),
  );
const states = z
  .string()
  .transform((value) => value.split(','))
  .pipe(z.array(z.enum([...STATES, ...FOREIGN_STATES])));

/** Query of `GET /stream`; `start`/`end` are older names of `after`/`before`. */
export const listQuerySchema = z.object({
  id: uids.optional(),
  after: time.optional(),
  start: time.optional(),
  before: time.optional(),
  end: time.optional(),
  asc: flag.default(false),
  creator: z.string().optional(),
  include_counts: flag.default(false),
  limit: z.coerce.number().int().min(1).max(MAX_LISTED).default(MAX_LISTED),
  live_input_id: z.string().optional(),
  name: z.string().optional(),
  video_name: z.string().optional(),
  search: z.string().optional(),
  status: states.optional(),
  type: z.enum(['vod', 'live']).optional(),
});

export type ListQuery = z.infer<typeof listQuerySchema>;

/** Rows that the query asks for, of one account. */
export function listCondition(accountId: string, query: ListQuery): SQL | undefined {
  const after = query.after ?? query.start;
  const before = query.before ?? query.end;
  const name = query.name ?? query.video_name;
  const isLive = query.type === 'live' || query.live_input_id !== undefined;
  return and(
    eq(videos.accountId, accountId),
    isNull(videos.deletedAt),
    isLive ? sql`0 = 1` : undefined,
    query.id && sql`${videos.uid} IN (SELECT value FROM json_each(${JSON.stringify(query.id)}))`,
    after === undefined ? undefined : gt(videos.createdAt, after),
    before === undefined ? undefined : lt(videos.createdAt, before),
    query.creator === undefined ? undefined : eq(videos.creator, query.creator),
    name === undefined ? undefined : eq(videos.name, name),
    query.search === undefined ? undefined : or(...spellingsOf(query.search).map(nameContains)),
    query.status &&
      inArray(
        videos.state,
        STATES.filter((state) => query.status?.includes(state)),
      ),
  );
}

/** Not LIKE: its pattern is limited to 50 bytes, and % and _ would be wildcards. */
function nameContains(text: string): SQL {
  return sql`instr(lower(${videos.name}), lower(${text})) > 0`;
}

/** SQLite's `lower` knows ASCII only, and file names of a Mac are decomposed: the spellings that one is likely to mean. */
function spellingsOf(search: string): string[] {
  const lower = search.toLowerCase();
  const title = lower.replaceAll(/(?<!\p{L}\p{M}*)\p{L}/gu, (letter) => letter.toUpperCase());
  const spellings = [search, lower, search.toUpperCase(), title];
  return [...new Set(spellings.flatMap((each) => [each.normalize('NFC'), each.normalize('NFD')]))];
}

export function listOrder(query: ListQuery): SQL[] {
  const direction = query.asc ? asc : desc;
  return [direction(videos.createdAt), direction(videos.uid)];
}
