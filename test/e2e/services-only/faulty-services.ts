import { mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';

import { PROJECT } from '../../../scripts/local-state.ts';
import { freePort } from '../../../scripts/ports.ts';
import type { ServiceName } from '../../../src/contracts/services.ts';

export type Fault = 'throws' | 'hangs';

/** Services that fail when the test says so. */
export interface FaultyServices {
  /** Where the Workers ask. */
  readonly url: string;
  readonly entries: Readonly<Partial<Record<ServiceName, string>>>;
  /** From now on these services fail in this way, and all others work. */
  order(names: readonly ServiceName[], fault: Fault): void;
  heal(): void;
  close(): void;
}

/** Writes an entry for each of the services that wraps its own. */
export async function createFaultyServices(
  folder: string,
  names: readonly ServiceName[],
): Promise<FaultyServices> {
  let orders = new Map<string, Fault>();
  const server = createServer((request, response) => {
    response.end(orders.get(request.url?.slice(1) ?? '') ?? 'works');
  });
  const port = await freePort();
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', () => resolve()));
  await mkdir(folder, { recursive: true });
  const entries: Partial<Record<ServiceName, string>> = {};
  for (const name of names) {
    const file = join(folder, `${name}.ts`);
    await writeFile(file, entryText(name));
    entries[name] = file;
  }
  return {
    url: `http://127.0.0.1:${port}`,
    entries,
    order(failing, fault) {
      orders = new Map(failing.map((name) => [name, fault]));
    },
    heal() {
      orders = new Map();
    },
    close: () => server.close(),
  };
}

function entryText(name: ServiceName): string {
  const own = JSON.stringify(join(PROJECT, 'workers', name, 'entry.ts'));
  const wrapper = JSON.stringify(join(import.meta.dirname, 'with-faults.ts'));
  return [
    `import { Service as Own } from ${own};`,
    `import { withFaults } from ${wrapper};`,
    `export * from ${own};`,
    `export { default } from ${own};`,
    `export const Service = withFaults(Own, '${name}');`,
    '',
  ].join('\n');
}
