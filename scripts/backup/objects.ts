import { createHash } from 'node:crypto';
import { createWriteStream, existsSync } from 'node:fs';
import { openAsBlob } from 'node:fs';
import { mkdir, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

import { addToManifest, hashFile, objectFile, readManifest, writeManifest } from './manifest.ts';
import type { SavedObject } from './manifest.ts';

type ListedObject = Omit<SavedObject, 'sha256'>;

/** Saves every object that the folder does not hold yet. Answers how many were copied, of how many. */
export async function saveObjects(
  door: string,
  folder: string,
): Promise<{ copied: number; objects: number }> {
  const saved = await readManifest(folder);
  const kept: SavedObject[] = [];
  let copied = 0;
  for (const listed of await listObjects(door)) {
    const former = saved.get(listed.key);
    const file = objectFile(folder, listed.key);
    if (former?.etag === listed.etag && existsSync(file)) {
      kept.push(former);
      continue;
    }
    const sha256 = await saveObject(door, listed.key, file);
    // Deleted while the backup ran.
    if (sha256 === undefined) continue;
    const object = { ...listed, sha256 };
    await addToManifest(folder, object);
    kept.push(object);
    copied += 1;
  }
  await writeManifest(folder, kept);
  return { copied, objects: kept.length };
}

/** Stores every object that the place does not have. Throws before the first one when a file is not what was saved. */
export async function restoreObjects(
  door: string,
  folder: string,
): Promise<{ copied: number; objects: number }> {
  const there = new Map((await listObjects(door)).map((object) => [object.key, object]));
  const saved = [...(await readManifest(folder)).values()];
  for (const object of saved) await requireIntact(folder, object);
  let copied = 0;
  for (const object of saved) {
    const found = there.get(object.key);
    if (found?.etag === object.etag && found.sizeBytes === object.sizeBytes) continue;
    await storeObject(door, folder, object);
    copied += 1;
  }
  return { copied, objects: saved.length };
}

async function listObjects(door: string): Promise<ListedObject[]> {
  const objects: ListedObject[] = [];
  let cursor: string | undefined;
  do {
    const query = cursor === undefined ? '' : `?cursor=${encodeURIComponent(cursor)}`;
    const page = (await (await ask(`${door}/list${query}`)).json()) as {
      objects: ListedObject[];
      cursor?: string;
    };
    objects.push(...page.objects);
    cursor = page.cursor;
  } while (cursor !== undefined);
  return objects;
}

async function saveObject(door: string, key: string, file: string): Promise<string | undefined> {
  const response = await ask(`${door}/object?key=${encodeURIComponent(key)}`, {}, 404);
  if (response.status === 404 || response.body === null) return undefined;
  await mkdir(dirname(file), { recursive: true });
  const hash = createHash('sha256');
  const body = Readable.fromWeb(response.body as Parameters<typeof Readable.fromWeb>[0]);
  body.on('data', (chunk: Buffer) => hash.update(chunk));
  await pipeline(body, createWriteStream(`${file}.part`));
  await rename(`${file}.part`, file);
  return hash.digest('hex');
}

async function storeObject(door: string, folder: string, object: SavedObject): Promise<void> {
  await ask(`${door}/object?key=${encodeURIComponent(object.key)}`, {
    method: 'PUT',
    body: await openAsBlob(objectFile(folder, object.key)),
    headers: {
      'x-content-sha256': object.sha256,
      'x-custom-metadata': JSON.stringify(object.customMetadata ?? {}),
      ...(object.contentType !== undefined && { 'x-content-type': object.contentType }),
    },
  });
}

async function requireIntact(folder: string, { key, sha256 }: SavedObject): Promise<void> {
  const file = objectFile(folder, key);
  if (!existsSync(file)) throw new Error(`the backup lacks ${key}`);
  if ((await hashFile(file)) !== sha256) throw new Error(`the backup of ${key} is damaged`);
}

async function ask(address: string, init: RequestInit = {}, also = 200): Promise<Response> {
  const response = await fetch(address, init);
  if (response.ok || response.status === also) return response;
  throw new Error(`the object store answered ${response.status}: ${await response.text()}`);
}
