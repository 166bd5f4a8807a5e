import { join } from 'node:path';

import { getPlatformProxy } from 'wrangler';

import { PROJECT } from '../../scripts/local-state.ts';

/** What a stopped platform left in its stores, read with nothing of the product's own code. */
export interface Audit {
  readonly keys: readonly string[];
  /** Object keys that the segment maps name. */
  readonly mapped: readonly string[];
  readonly rows: Readonly<Record<string, readonly Record<string, unknown>[]>>;
}

const TABLES = ['videos', 'uploads', 'jobs', 'outbox'];

/** Opens the state folder of a platform that is not running. */
export async function auditState(folder: string): Promise<Audit> {
  const proxy = await getPlatformProxy<{ MEDIA: R2Listing; DB: D1Reading }>({
    configPath: join(PROJECT, 'wrangler.toml'),
    persist: { path: join(folder, 'v3') },
  });
  try {
    const keys: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await proxy.env.MEDIA.list(cursor === undefined ? {} : { cursor });
      keys.push(...page.objects.map(({ key }) => key));
      cursor = page.truncated ? page.cursor : undefined;
    } while (cursor !== undefined);
    const mapped: string[] = [];
    for (const key of keys.filter((each) => each.endsWith('/segments'))) {
      const object = await proxy.env.MEDIA.get(key);
      mapped.push(...(JSON.parse((await object?.text()) ?? '{}') as { objects: string[] }).objects);
    }
    const rows: Record<string, Record<string, unknown>[]> = {};
    for (const table of TABLES)
      rows[table] = (await proxy.env.DB.prepare(`SELECT * FROM ${table}`).all()).results;
    return { keys, mapped, rows };
  } finally {
    await proxy.dispose();
  }
}

/** Objects that nothing names: neither a video's row nor a segment map. */
export function orphansOf({ keys, mapped, rows }: Audit): string[] {
  const named = new Set(mapped);
  for (const row of rows['videos'] ?? []) {
    const {
      uid,
      published_revision: revision,
      uploaded_at: uploadedAt,
    } = row as unknown as VideoRow;
    if (uploadedAt !== null) named.add(`videos/${uid}/source`);
    named.add(`videos/${uid}/playback`);
    if (revision !== null) named.add(`videos/${uid}/${revision}/segments`);
  }
  return keys.filter((key) => key.startsWith('videos/') && !named.has(key));
}

interface VideoRow {
  readonly uid: string;
  readonly published_revision: string | null;
  readonly uploaded_at: number | null;
}

interface R2Listing {
  list(options: {
    cursor?: string;
  }): Promise<{ objects: { key: string }[]; truncated: boolean; cursor?: string }>;
  get(key: string): Promise<{ text(): Promise<string> } | null>;
}

interface D1Reading {
  prepare(sql: string): { all(): Promise<{ results: Record<string, unknown>[] }> };
}
