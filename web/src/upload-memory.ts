const PREFIX = 'streamgate.upload.';
const LONGEST_AGE_MS = 7 * 24 * 60 * 60 * 1000;

/** What tells one chosen file from another. */
export interface FileIdentity {
  readonly name: string;
  readonly size: number;
  readonly lastModified: number;
}

/** Which upload a file began, so that choosing the same file again goes on where it stopped. Holds no permission. */
export interface UploadMemory {
  find(file: FileIdentity): string | undefined;
  remember(file: FileIdentity, uploadId: string): void;
  forget(file: FileIdentity): void;
  /** Names of files whose upload was not finished. */
  unfinished(): readonly string[];
}

/** Keeps the memory in a Storage; a full or forbidden one only means that nothing is resumed. */
export function createUploadMemory(storage: Storage, now: () => number): UploadMemory {
  function read(key: string): { id: string; name: string } | undefined {
    try {
      const entry = JSON.parse(storage.getItem(key) ?? '{}') as Record<string, unknown>;
      const { id, name, at } = entry;
      if (typeof id !== 'string' || typeof name !== 'string' || typeof at !== 'number')
        return undefined;
      return now() - at > LONGEST_AGE_MS ? undefined : { id, name };
    } catch {
      return undefined;
    }
  }

  return {
    find: (file) => read(keyOf(file))?.id,
    remember: (file, id) => {
      try {
        storage.setItem(keyOf(file), JSON.stringify({ id, name: file.name, at: now() }));
      } catch {
        // Nothing is lost but the chance to resume.
      }
    },
    forget: (file) => {
      storage.removeItem(keyOf(file));
    },
    unfinished: () =>
      Array.from({ length: storage.length }, (_, index) => storage.key(index) ?? '')
        .filter((key) => key.startsWith(PREFIX))
        .flatMap((key) => read(key)?.name ?? []),
  };
}

function keyOf({ name, size, lastModified }: FileIdentity): string {
  return `${PREFIX}${size}.${lastModified}.${name}`;
}
