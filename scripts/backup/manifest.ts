import { createHash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { appendFile, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** What is known of an object: what the store says, and the hash of the bytes that were saved. */
export interface SavedObject {
  readonly key: string;
  readonly sizeBytes: number;
  readonly etag: string;
  readonly sha256: string;
  readonly contentType?: string;
  readonly customMetadata?: Readonly<Record<string, string>>;
}

/** One line an object; while a backup runs each is added as its bytes are safe. */
export function manifestFile(folder: string): string {
  return join(folder, 'objects.jsonl');
}

/** The file of an object's bytes: every part of the key becomes a name that any file system takes. */
export function objectFile(folder: string, key: string): string {
  return join(folder, 'objects', ...key.split('/').map((part) => encodeURIComponent(part)));
}

/** The objects that this folder holds, by key; the last line of a key counts. */
export async function readManifest(folder: string): Promise<Map<string, SavedObject>> {
  const file = manifestFile(folder);
  if (!existsSync(file)) return new Map();
  const lines = (await readFile(file, 'utf8')).split('\n');
  // A line that a kill cut short counts as not written.
  const saved = lines.slice(0, -1).map((line) => JSON.parse(line) as SavedObject);
  return new Map(saved.map((object) => [object.key, object]));
}

export async function addToManifest(folder: string, object: SavedObject): Promise<void> {
  await appendFile(manifestFile(folder), `${JSON.stringify(object)}\n`);
}

/** Writes the manifest anew, whole or not at all. */
export async function writeManifest(
  folder: string,
  objects: readonly SavedObject[],
): Promise<void> {
  const file = manifestFile(folder);
  const lines = objects.map((object) => `${JSON.stringify(object)}\n`);
  await writeFile(`${file}.new`, lines.join(''));
  await rename(`${file}.new`, file);
}

/** SHA-256 of a file, in hex. */
export async function hashFile(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}
