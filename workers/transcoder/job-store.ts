import type { JobState, TaskRecord } from './job-state.ts';

/** The job's SQLite: one row for the job, one a task, so that a heartbeat writes one small row. */
export class JobStore {
  private readonly sql: SqlStorage;
  private saved: JobState | undefined;
  private forgotten = false;

  constructor(sql: SqlStorage) {
    this.sql = sql;
    sql.exec(
      'CREATE TABLE IF NOT EXISTS job (id INTEGER PRIMARY KEY CHECK (id = 1), state TEXT NOT NULL)',
    );
    sql.exec(
      'CREATE TABLE IF NOT EXISTS tasks (position INTEGER PRIMARY KEY, record TEXT NOT NULL)',
    );
  }

  /** The job; absent before it was created and after it was forgotten. */
  load(): JobState | undefined {
    if (!this.forgotten) this.saved ??= this.read();
    return this.saved;
  }

  /** Writes what differs from the last state saved, records being compared by identity. */
  save(state: JobState): void {
    const before = this.saved;
    if (before === state || this.forgotten) return;
    const { tasks, ...job } = state;
    const text = JSON.stringify(job);
    if (before === undefined || text !== JSON.stringify({ ...before, tasks: undefined })) {
      this.sql.exec('INSERT OR REPLACE INTO job (id, state) VALUES (1, ?)', text);
    }
    tasks.forEach((task, position) => {
      if (before?.tasks[position] === task) return;
      this.sql.exec(
        'INSERT OR REPLACE INTO tasks (position, record) VALUES (?, ?)',
        position,
        JSON.stringify(task),
      );
    });
    this.saved = state;
  }

  /** The object's storage, tables included, was deleted: there is no job any more. */
  forget(): void {
    this.forgotten = true;
    this.saved = undefined;
  }

  private read(): JobState | undefined {
    const [row] = this.sql.exec<{ state: string }>('SELECT state FROM job').toArray();
    if (row === undefined) return undefined;
    const records = this.sql
      .exec<{ record: string }>('SELECT record FROM tasks ORDER BY position')
      .toArray();
    const tasks = records.map(({ record }) => JSON.parse(record) as TaskRecord);
    return { ...(JSON.parse(row.state) as Omit<JobState, 'tasks'>), tasks };
  }
}
