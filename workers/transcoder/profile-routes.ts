import { createRoute, z } from '@hono/zod-openapi';
import type { OpenAPIHono } from '@hono/zod-openapi';

import { encodeSettingsSchema, profileNameSchema } from '../../src/contracts/profile.ts';
import type { AppEnv } from '../../src/http/app-env.ts';
import { jsonBody } from '../../src/http/json-body.ts';
import { requireScope } from '../../src/http/require-scope.ts';
import { createRouter } from '../../src/http/routes.ts';
import { unknownProfile } from './profiles.ts';
import type { ListedProfile, Profiles } from './profiles.ts';

const tags = ['profiles'];
const params = z.object({ name: profileNameSchema.openapi({ example: 'for-phones' }) });

const profileSchema = z
  .object({
    name: z.string(),
    builtIn: z.boolean(),
    default: z.boolean().openapi({ description: 'Used for videos that name no profile' }),
    ...encodeSettingsSchema.shape,
  })
  .openapi('Profile');

const json = <T extends z.ZodType>(schema: T, description: string) => ({
  description,
  content: { 'application/json': { schema } },
});
const body = <T extends z.ZodType>(schema: T) => ({
  body: { required: true, content: { 'application/json': { schema } } },
});

const list = createRoute({
  method: 'get',
  path: '/api/v1/profiles',
  tags,
  summary: 'Encoding profiles: the built-in ones and those of the account',
  responses: { 200: json(z.object({ profiles: z.array(profileSchema) }), 'All of them') },
});

const put = createRoute({
  method: 'put',
  path: '/api/v1/profiles/{name}',
  tags,
  middleware: jsonBody(),
  summary: 'Make a profile, or change one',
  description: 'Runs that have begun keep the settings with which they began.',
  request: { params, ...body(encodeSettingsSchema) },
  responses: { 200: json(profileSchema, 'The profile as it is now') },
});

const remove = createRoute({
  method: 'delete',
  path: '/api/v1/profiles/{name}',
  tags,
  summary: 'Delete a profile of the account',
  request: { params },
  responses: { 204: { description: 'Deleted' } },
});

const choose = createRoute({
  method: 'put',
  path: '/api/v1/profiles/{name}/default',
  tags,
  summary: 'Use this profile for videos that name none',
  request: { params },
  responses: { 200: json(profileSchema, 'The profile') },
});

/** `/api/v1/profiles`. */
export function profileRoutes(profiles: Profiles): OpenAPIHono<AppEnv> {
  const routes = createRouter();
  const findListed = async (accountId: string, name: string): Promise<ListedProfile> => {
    const found = (await profiles.list(accountId)).find((each) => each.name === name);
    if (found === undefined) throw unknownProfile(name);
    return found;
  };
  routes.openapi(list, async (c) => {
    const { accountId } = requireScope(c, 'jobs:read');
    return c.json({ profiles: (await profiles.list(accountId)).map(render) }, 200);
  });
  routes.openapi(put, async (c) => {
    const { accountId } = requireScope(c, 'jobs:write');
    const { name } = c.req.valid('param');
    await profiles.put(accountId, { name, settings: c.req.valid('json') }, Date.now());
    return c.json(render(await findListed(accountId, name)), 200);
  });
  routes.openapi(remove, async (c) => {
    const { accountId } = requireScope(c, 'jobs:write');
    await profiles.remove(accountId, c.req.valid('param').name);
    return c.body(null, 204);
  });
  routes.openapi(choose, async (c) => {
    const { accountId } = requireScope(c, 'jobs:write');
    const { name } = c.req.valid('param');
    await profiles.setDefault(accountId, name);
    return c.json(render(await findListed(accountId, name)), 200);
  });
  return routes;
}

function render({
  name,
  settings,
  isBuiltIn,
  isDefault,
}: ListedProfile): z.infer<typeof profileSchema> {
  return { name, builtIn: isBuiltIn, default: isDefault, ...settings };
}
