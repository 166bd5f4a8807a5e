import { readdir, readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { SQLInputValue, StatementSync } from 'node:sqlite';
import { text } from 'node:stream/consumers';

import { PROJECT } from '../../scripts/local-state.ts';

/**
 * A database that speaks the wire protocol of workerd's own D1 binding, with the product's migrations: SQLite in memory,
 * in a process of its own, so that what a Worker costs is not mixed with what its database costs.
 * Started as `node d1-store.ts PORT`.
 */
const database = new DatabaseSync(':memory:');
const statements = new Map<string, StatementSync>();

interface Query {
  readonly sql: string;
  readonly params?: readonly SQLInputValue[] | null;
}

const folder = join(PROJECT, 'migrations');
const files = (await readdir(folder)).filter((name) => name.endsWith('.sql')).toSorted();
for (const file of files) database.exec(await readFile(join(folder, file), 'utf8'));

createServer((request, response) => void reply(request, response)).listen(
  Number(process.argv[2]),
  '127.0.0.1',
);

async function reply(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = await text(request);
  const { searchParams } = new URL(request.url ?? '/', 'http://d1');
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify(answer(body, searchParams.get('resultsFormat'))));
}

function answer(body: string, format: string | null): unknown {
  try {
    const queries = [JSON.parse(body) as Query | readonly Query[]].flat() as readonly Query[];
    return queries.map((query) => run(query, format));
  } catch (error) {
    return { success: false, error: String(error) };
  }
}

function run({ sql, params }: Query, format: string | null): unknown {
  const statement = statements.get(sql) ?? database.prepare(sql);
  statements.set(sql, statement);
  statement.setReturnArrays(true);
  const rows = statement.all(...(params ?? [])) as unknown as readonly unknown[][];
  const columns = statement.columns().map(({ name }) => name);
  const results =
    format === 'ROWS_AND_COLUMNS'
      ? { columns, rows }
      : rows.map((row) => Object.fromEntries(columns.map((name, index) => [name, row[index]])));
  return { success: true, results, meta: { duration: 0, changes: 0, last_row_id: 0 } };
}
