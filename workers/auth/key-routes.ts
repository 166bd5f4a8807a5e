import { createRoute, z } from '@hono/zod-openapi';
import type { OpenAPIHono } from '@hono/zod-openapi';
import type { DrizzleD1Database } from 'drizzle-orm/d1';

import type { AppEnv } from '../../src/http/app-env.ts';
import { requireScope } from '../../src/http/require-scope.ts';
import { createRouter } from '../../src/http/routes.ts';
import { describeKeyState, UNPUBLISHED } from './key-schedule.ts';
import type { KeyKind } from './key-schedule.ts';
import { listKeys, listPlaybackKeys, PLATFORM } from './key-store.ts';
import type { KeyOwner, SigningKeyRow } from './key-store.ts';
import type { SigningKeys } from './signing-keys.ts';
import { toRfc3339 } from './token-schemas.ts';

const kind = z.enum(['access', 'playback']);
const publicJwk = z.record(z.string(), z.unknown());

const keySchema = z
  .object({
    id: z.string(),
    kind,
    state: z.enum(['published', 'signing', 'verifying', 'retired']),
    createdAt: z.iso.datetime(),
    signsFrom: z.iso.datetime().optional(),
    verifiesUntil: z.iso.datetime().optional(),
    publicJwk,
  })
  .openapi('SigningKey');

const keyList = {
  content: { 'application/json': { schema: z.object({ keys: z.array(keySchema) }) } },
};

const list = createRoute({
  method: 'get',
  path: '/api/v1/keys',
  tags: ['keys'],
  summary: 'Signing keys of the platform and of your account: public halves and states',
  security: [{ bearer: [] }],
  responses: {
    200: { description: 'All keys that are not yet forgotten', ...keyList },
    401: { description: 'No valid token' },
    403: { description: 'The scope "admin" is missing' },
  },
});

const rotate = createRoute({
  method: 'post',
  path: '/api/v1/keys/{kind}/rotate',
  tags: ['keys'],
  summary: 'Bring the next signing key in',
  description:
    'The new key is published at once and signs two minutes later; the old one verifies until the last token it signed is over. A repeat within the two minutes changes nothing.',
  security: [{ bearer: [] }],
  request: { params: z.object({ kind }) },
  responses: {
    200: { description: 'The keys of this kind', ...keyList },
    400: { description: 'There is no such kind of key' },
    401: { description: 'No valid token' },
    403: { description: 'The scope "admin" is missing' },
  },
});

const jwks = createRoute({
  method: 'get',
  path: '/.well-known/jwks.json',
  tags: ['keys'],
  summary: 'Public keys of playback tokens (RFC 7517)',
  security: [],
  responses: {
    200: {
      description: 'A JWK set',
      content: { 'application/json': { schema: z.object({ keys: z.array(publicJwk) }) } },
    },
  },
});

/** `/api/v1/keys` and the public key set. */
export function keyRoutes(db: DrizzleD1Database, keys: SigningKeys): OpenAPIHono<AppEnv> {
  const routes = createRouter();
  routes.openapi(list, async (c) => {
    const { accountId } = requireScope(c, 'admin');
    const now = Date.now();
    const lists = await Promise.all([
      listKeys(db, PLATFORM),
      listKeys(db, ownerOf('playback', accountId)),
    ]);
    return c.json({ keys: lists.flatMap((rows) => renderKeys(rows, now)) }, 200);
  });
  routes.openapi(rotate, async (c) => {
    const { accountId } = requireScope(c, 'admin');
    const now = Date.now();
    const rows = await keys.rotate(ownerOf(c.req.valid('param').kind, accountId), now);
    return c.json({ keys: renderKeys(rows, now) }, 200);
  });
  routes.openapi(jwks, async (c) => {
    const rows = await listPlaybackKeys(db, Date.now());
    c.header('cache-control', 'public, max-age=60');
    c.header('access-control-allow-origin', '*');
    const published: z.infer<typeof publicJwk>[] = rows.map((row) => ({ ...row.publicJwk }));
    return c.json({ keys: published }, 200);
  });
  return routes;
}

function ownerOf(kindOfKey: KeyKind, accountId: string): KeyOwner {
  return kindOfKey === 'access' ? PLATFORM : { kind: 'playback', accountId };
}

function renderKeys(rows: readonly SigningKeyRow[], now: number): z.infer<typeof keySchema>[] {
  return rows.map((row) => ({
    id: row.id,
    kind: row.kind,
    state: describeKeyState(row, rows, now),
    createdAt: toRfc3339(row.createdAt),
    ...(row.signsFrom !== UNPUBLISHED && { signsFrom: toRfc3339(row.signsFrom) }),
    ...(row.verifiesUntil !== null && { verifiesUntil: toRfc3339(row.verifiesUntil) }),
    publicJwk: { ...row.publicJwk },
  }));
}
