import { and, desc, eq, lte, sql } from 'drizzle-orm';
import type { DrizzleD1Database } from 'drizzle-orm/d1';

import { uploads } from '../../src/db/upload.ts';

export type UploadRow = typeof uploads.$inferSelect;

/** Makes the row of an open upload; answers the row that is there, which on a repeat is the old one. */
export async function insertUpload(db: DrizzleD1Database, row: UploadRow): Promise<UploadRow> {
  await db.insert(uploads).values(row).onConflictDoNothing();
  const [stored] = await db.select().from(uploads).where(eq(uploads.id, row.id));
  return stored ?? row;
}

/** The row of an account's upload. */
export async function findUpload(
  db: DrizzleD1Database,
  accountId: string,
  id: string,
): Promise<UploadRow | undefined> {
  const [row] = await db
    .select()
    .from(uploads)
    .where(and(eq(uploads.id, id), eq(uploads.accountId, accountId)));
  return row;
}

/** The upload that a video came from. */
export async function findUploadOfVideo(
  db: DrizzleD1Database,
  uid: string,
): Promise<UploadRow | undefined> {
  const [row] = await db.select().from(uploads).where(eq(uploads.uid, uid));
  return row;
}

/** One page of an account's uploads, newest first, before the given id. */
export async function listUploads(
  db: DrizzleD1Database,
  accountId: string,
  page: { readonly before?: string | undefined; readonly limit: number },
): Promise<readonly UploadRow[]> {
  const older =
    page.before === undefined
      ? undefined
      : sql`(created_at, id) < (SELECT created_at, id FROM uploads WHERE id = ${page.before})`;
  return db
    .select()
    .from(uploads)
    .where(and(eq(uploads.accountId, accountId), older))
    .orderBy(desc(uploads.createdAt), desc(uploads.id))
    .limit(page.limit);
}

/** Open uploads that should have ended before the given time. */
export async function listOverdue(
  db: DrizzleD1Database,
  before: number,
  limit: number,
): Promise<readonly UploadRow[]> {
  return db
    .select()
    .from(uploads)
    .where(and(eq(uploads.state, 'open'), lte(uploads.expiresAt, before)))
    .limit(limit);
}

/** Ends an open row; one that has ended stays as it is. */
export async function setUploadState(
  db: DrizzleD1Database,
  id: string,
  state: Exclude<UploadRow['state'], 'open'>,
): Promise<void> {
  await db
    .update(uploads)
    .set({ state })
    .where(and(eq(uploads.id, id), eq(uploads.state, 'open')));
}

/** Moves the end of an open upload. */
export async function setUploadExpiry(
  db: DrizzleD1Database,
  id: string,
  expiresAt: number,
): Promise<void> {
  await db
    .update(uploads)
    .set({ expiresAt })
    .where(and(eq(uploads.id, id), eq(uploads.state, 'open')));
}

/** Forgets the upload of a video that is gone. */
export async function deleteUpload(db: DrizzleD1Database, id: string): Promise<void> {
  await db.delete(uploads).where(eq(uploads.id, id));
}
