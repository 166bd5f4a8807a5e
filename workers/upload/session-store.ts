import type { PartSlot, RecordedPart, UploadState } from './upload-state.ts';

const STATE_KEY = 'upload';

interface PartRow extends Record<string, SqlStorageValue> {
  part_number: number;
  size_bytes: number | null;
  etag: string | null;
  claim_id: string | null;
  claim_until: number | null;
  claimed_at: number | null;
}

/** What one upload keeps in its object's SQLite: the state and one row a part. Nothing is written for an upload that was never made. */
export class SessionStore {
  private readonly storage: DurableObjectStorage;

  constructor(storage: DurableObjectStorage) {
    this.storage = storage;
    this.upgrade();
  }

  load(): UploadState | undefined {
    return this.storage.kv.get<UploadState>(STATE_KEY);
  }

  save(state: UploadState): void {
    this.storage.kv.put(STATE_KEY, state);
  }

  /** The first write of an upload: its state and the empty part table. */
  create(state: UploadState): void {
    this.storage.sql.exec(`CREATE TABLE IF NOT EXISTS parts (
      part_number INTEGER PRIMARY KEY, size_bytes INTEGER, etag TEXT,
      claim_id TEXT, claim_until INTEGER, doubtful INTEGER NOT NULL DEFAULT 0, claimed_at INTEGER)`);
    this.save(state);
  }

  slot(partNumber: number): PartSlot {
    const [row] = this.storage.sql
      .exec<PartRow>('SELECT * FROM parts WHERE part_number = ?', partNumber)
      .toArray();
    if (row === undefined) return {};
    const recorded = toRecorded(row);
    if (recorded !== undefined) return { recorded };
    const { claim_id: claimId, claim_until: until, claimed_at: since } = row;
    if (claimId === null || until === null) return {};
    return { claim: { claimId, until, since: since ?? until } };
  }

  /** Stores or renews a claim. A claim taken from another writer makes the part doubtful: that writer may still reach R2. */
  claim(partNumber: number, claim: { claimId: string; until: number }, now: number): void {
    this.storage.sql.exec(
      `INSERT INTO parts (part_number, claim_id, claim_until, claimed_at) VALUES (?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET doubtful = doubtful OR ifnull(claim_id <> excluded.claim_id, 0),
         claimed_at = iif(claim_id = excluded.claim_id, claimed_at, excluded.claimed_at),
         claim_id = excluded.claim_id, claim_until = excluded.claim_until`,
      partNumber,
      claim.claimId,
      claim.until,
      now,
    );
  }

  /** Frees a claim; one that has passed to another writer stays. */
  release(partNumber: number, claimId: string): void {
    this.storage.sql.exec(
      'UPDATE parts SET claim_id = NULL, claim_until = NULL WHERE part_number = ? AND claim_id = ?',
      partNumber,
      claimId,
    );
  }

  record(part: RecordedPart): void {
    this.storage.sql.exec(
      `UPDATE parts SET size_bytes = ?, etag = ?, claim_id = NULL, claim_until = NULL
       WHERE part_number = ?`,
      part.sizeBytes,
      part.etag,
      part.partNumber,
    );
  }

  /** Forgets the parts of which R2 may hold another writer's bytes; all of them when none stands out. */
  forgetDoubtful(): void {
    const { rowsWritten } = this.storage.sql.exec('DELETE FROM parts WHERE doubtful = 1');
    if (rowsWritten === 0) this.storage.sql.exec('DELETE FROM parts');
  }

  /** Uploads that were begun by an earlier version have a table without the time of the claim. */
  private upgrade(): void {
    const columns = this.storage.sql
      .exec<{ name: string }>("SELECT name FROM pragma_table_info('parts')")
      .toArray();
    if (columns.length > 0 && !columns.some(({ name }) => name === 'claimed_at'))
      this.storage.sql.exec('ALTER TABLE parts ADD COLUMN claimed_at INTEGER');
  }

  parts(): readonly RecordedPart[] {
    return this.storage.sql
      .exec<PartRow>('SELECT * FROM parts WHERE etag IS NOT NULL ORDER BY part_number')
      .toArray()
      .flatMap((row) => toRecorded(row) ?? []);
  }
}

function toRecorded(row: PartRow): RecordedPart | undefined {
  if (row.etag === null || row.size_bytes === null) return undefined;
  return { partNumber: row.part_number, sizeBytes: row.size_bytes, etag: row.etag };
}
