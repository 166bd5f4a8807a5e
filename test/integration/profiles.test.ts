import { describe, expect, test } from 'vitest';

import { BUILT_IN_PROFILES } from '../../src/contracts/profile.ts';
import { ACCOUNT, call, seedToken } from './accounts.ts';
import { aReadyVideo, metadata } from './metadata-fixture.ts';
import { aFile, begin, bodyOf, post } from './upload-client.ts';

const PHONES = {
  renditions: ['480p', '240p'],
  codecs: ['h264'],
  quality: 26,
  preset: 'superfast',
  segmentSeconds: 4,
};
const OTHER = 'other-account-token-0123456789abcdef01234';

interface Listed {
  readonly name: string;
  readonly builtIn: boolean;
  readonly default: boolean;
}

function put(path: string, body?: unknown, token?: string): Promise<Response> {
  const headers = { 'content-type': 'application/json' };
  const json = body === undefined ? {} : { headers, body: JSON.stringify(body) };
  return call(`/api/v1/profiles/${path}`, { method: 'PUT', ...json }, token);
}

async function list(token?: string): Promise<Listed[]> {
  const response = await call('/api/v1/profiles', {}, token);
  expect(response.status).toBe(200);
  return (await response.json<{ profiles: Listed[] }>()).profiles;
}

async function problemOf(response: Response): Promise<[number, string]> {
  return [response.status, (await response.json<{ code: string }>()).code];
}

describe('profiles', () => {
  test('the built-in ones are there, the standard one is the default', async () => {
    const profiles = await list();
    expect(profiles.map(({ name }) => name)).toEqual(Object.keys(BUILT_IN_PROFILES));
    expect(profiles.filter((each) => each.default).map(({ name }) => name)).toEqual(['standard']);
  });

  test('an account makes its own, chooses it, and another account does not see it', async () => {
    expect((await put('phones', PHONES)).status).toBe(200);
    expect((await put('phones', { ...PHONES, quality: 28 })).status).toBe(200);
    expect(await (await put('phones/default')).json()).toMatchObject({
      ...{ name: 'phones', quality: 28, builtIn: false, default: true },
    });
    expect((await list()).filter((each) => each.default)).toMatchObject([{ name: 'phones' }]);
    await seedToken(OTHER, ['jobs:read', 'jobs:write'], 'other');
    expect((await list(OTHER)).map(({ name }) => name)).not.toContain('phones');
    expect(await problemOf(await put('phones/default', undefined, OTHER))).toEqual([
      404,
      'profile.not_found',
    ]);
  });

  test('the default cannot be deleted, others can, built-in ones stay as they are', async () => {
    await put('phones', PHONES);
    await put('phones/default');
    const remove = (name: string): Promise<Response> =>
      call(`/api/v1/profiles/${name}`, { method: 'DELETE' });
    expect(await problemOf(await remove('phones'))).toEqual([409, 'profile.in_use']);
    await put('standard/default');
    expect((await remove('phones')).status).toBe(204);
    expect(await problemOf(await remove('phones'))).toEqual([404, 'profile.not_found']);
    expect(await problemOf(await remove('fast'))).toEqual([409, 'profile.built_in']);
    expect(await problemOf(await put('fast', PHONES))).toEqual([409, 'profile.built_in']);
  });

  test.each([
    [{ renditions: [] }, '/renditions'],
    [{ renditions: ['999p'] }, '/renditions/0'],
    [{ renditions: ['480p', '480p'] }, '/renditions'],
    [{ codecs: ['av1'] }, '/codecs'],
    [{ quality: 99 }, '/quality'],
    [{ preset: 'ultrafast' }, '/preset'],
    [{ segmentSeconds: 5 }, '/segmentSeconds'],
    [{ bitrate: 1 }, '/bitrate'],
  ])('refuses %o and names the field', async (change, pointer) => {
    const response = await put('phones', { ...PHONES, ...change });
    expect(response.status).toBe(400);
    const problem = await response.json<{ errors: { pointer: string }[] }>();
    expect(problem.errors.map((each) => each.pointer)).toContain(pointer);
  });

  test('refuses a name that is no name', async () => {
    expect((await put('Caf%C3%A9', PHONES)).status).toBe(400);
  });
});

describe('the profile of a video', () => {
  test('is kept from the upload; one that is not there is refused before a byte is sent', async () => {
    const file = aFile(100);
    const { uid } = await begin(file, { profile: 'fast' });
    expect((await (await metadata()).findVideo(ACCOUNT, uid))?.profile).toBe('fast');
    const refused = await post('/api/v1/uploads', bodyOf(file, { profile: 'none' }));
    expect(refused.status).toBe(404);
    expect(await refused.json()).toMatchObject({ code: 'profile.not_found', pointer: '/profile' });
  });

  test('changes with a new run', async () => {
    const { uid } = await aReadyVideo();
    expect((await post('/api/v1/jobs', { uid, profile: 'none' })).status).toBe(404);
    expect((await post('/api/v1/jobs', { uid, profile: 'high' })).status).toBe(202);
    expect((await (await metadata()).findVideo(ACCOUNT, uid))?.profile).toBe('high');
  });

  test('that was deleted since is said before a new run begins; another one may be named', async () => {
    await put('phones', PHONES);
    const { uid } = await aReadyVideo({ profile: 'phones' });
    await call('/api/v1/profiles/phones', { method: 'DELETE' });
    expect(await problemOf(await post('/api/v1/jobs', { uid }))).toEqual([
      404,
      'profile.not_found',
    ]);
    expect((await post('/api/v1/jobs', { uid, profile: 'fast' })).status).toBe(202);
  });
});
