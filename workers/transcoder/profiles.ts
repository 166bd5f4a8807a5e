import { and, eq, sql } from 'drizzle-orm';

import { AppError } from '../../src/contracts/errors.ts';
import { BUILT_IN_PROFILES, DEFAULT_PROFILE } from '../../src/contracts/profile.ts';
import type { Profile } from '../../src/contracts/profile.ts';
import { defaultProfiles, profiles } from '../../src/db/transcoder.ts';
import type { ServiceContext } from '../../src/kernel/service-context.ts';

const MOST_PROFILES = 50;

export interface ListedProfile extends Profile {
  readonly isBuiltIn: boolean;
  readonly isDefault: boolean;
}

type Database = ServiceContext['db'];

/** The encoding profiles of each account: those that everyone has, and its own. */
export class Profiles {
  private readonly db: Database;

  constructor(db: Database) {
    this.db = db;
  }

  async list(accountId: string): Promise<ListedProfile[]> {
    const own = await this.db.select().from(profiles).where(eq(profiles.accountId, accountId));
    const chosen = await this.defaultName(accountId);
    const builtIn = Object.entries(BUILT_IN_PROFILES).map(([name, settings]) => ({
      name,
      settings,
      isBuiltIn: true,
      isDefault: name === chosen,
    }));
    return [
      ...builtIn,
      ...own
        .toSorted((a, b) => a.name.localeCompare(b.name))
        .map(({ name, settings }) => ({
          ...{ name, settings },
          isBuiltIn: false,
          isDefault: name === chosen,
        })),
    ];
  }

  /** The named profile, or the account's default. Undefined when there is none of that name. */
  async find(accountId: string, wanted?: string): Promise<Profile | undefined> {
    const name = wanted ?? (await this.defaultName(accountId));
    const builtIn = Object.hasOwn(BUILT_IN_PROFILES, name) ? BUILT_IN_PROFILES[name] : undefined;
    if (builtIn !== undefined) return { name, settings: builtIn };
    const [row] = await this.db.select().from(profiles).where(keyOf(accountId, name));
    return row && { name, settings: row.settings };
  }

  /** Makes or replaces one of the account's own. Throws `profile.built_in` and `profile.too_many`. */
  async put(accountId: string, { name, settings }: Profile, now: number): Promise<void> {
    refuseBuiltIn(name);
    const others = await this.db.$count(profiles, eq(profiles.accountId, accountId));
    if (others >= MOST_PROFILES && (await this.find(accountId, name)) === undefined) {
      throw new AppError(
        'profile.too_many',
        `An account has at most ${MOST_PROFILES} profiles of its own. Delete one that is not used.`,
      );
    }
    await this.db
      .insert(profiles)
      .values({ accountId, name, settings, updatedAt: now })
      .onConflictDoUpdate({
        target: [profiles.accountId, profiles.name],
        set: { settings, updatedAt: now },
      });
  }

  /** Throws `profile.built_in`, `profile.not_found` and, for the default one, `profile.in_use`. */
  async remove(accountId: string, name: string): Promise<void> {
    refuseBuiltIn(name);
    const isDefault = sql`EXISTS (SELECT 1 FROM ${defaultProfiles} WHERE ${and(
      eq(defaultProfiles.accountId, accountId),
      eq(defaultProfiles.name, name),
    )})`;
    const gone = await this.db
      .delete(profiles)
      .where(and(keyOf(accountId, name), sql`NOT ${isDefault}`))
      .returning({ name: profiles.name });
    if (gone.length > 0) return;
    if ((await this.find(accountId, name)) === undefined) throw unknownProfile(name);
    throw new AppError(
      'profile.in_use',
      `"${name}" is the account's default profile. Make another one the default first.`,
    );
  }

  /** Throws `profile.not_found`. */
  async setDefault(accountId: string, name: string): Promise<void> {
    if ((await this.find(accountId, name)) === undefined) throw unknownProfile(name);
    await this.db
      .insert(defaultProfiles)
      .values({ accountId, name })
      .onConflictDoUpdate({ target: defaultProfiles.accountId, set: { name } });
  }

  private async defaultName(accountId: string): Promise<string> {
    const [row] = await this.db
      .select()
      .from(defaultProfiles)
      .where(eq(defaultProfiles.accountId, accountId));
    return row?.name ?? DEFAULT_PROFILE;
  }
}

/** The refusal of a profile that the account does not have. */
export function unknownProfile(name: string): AppError {
  return new AppError(
    'profile.not_found',
    `There is no profile "${name}". GET /api/v1/profiles lists those there are.`,
    { pointer: '/profile' },
  );
}

function refuseBuiltIn(name: string): void {
  if (!Object.hasOwn(BUILT_IN_PROFILES, name)) return;
  throw new AppError(
    'profile.built_in',
    `"${name}" is built in and stays as it is. Choose another name for a profile of your own.`,
    { pointer: '/name' },
  );
}

function keyOf(accountId: string, name: string): ReturnType<typeof and> {
  return and(eq(profiles.accountId, accountId), eq(profiles.name, name));
}
