import { describe, expect, test } from 'vitest';

import { hasBoundedLife, readStrictJws } from '../../src/http/strict-jws.ts';
import { forge, hmacWith, respell } from './forge-jws.ts';

const sign = hmacWith(new TextEncoder().encode('any key'));
const HEADER = { alg: 'HS256', kid: 'k1', typ: 'JWT' };

describe('readStrictJws', () => {
  test('reads a token that is written in the one form', async () => {
    const token = await forge(HEADER, { sub: 'x', n: { a: 1 }, list: [{ a: 1 }, { a: 2 }] }, sign);
    expect(readStrictJws(token)).toEqual({
      header: HEADER,
      payload: { sub: 'x', n: { a: 1 }, list: [{ a: 1 }, { a: 2 }] },
    });
  });

  test.each([
    ['a key in the header', { ...HEADER, jwk: { kty: 'RSA' } }],
    ['a key address', { ...HEADER, jku: 'https://evil.test/jwks' }],
    ['a certificate address', { ...HEADER, x5u: 'https://evil.test/c' }],
    ['a critical extension', { ...HEADER, crit: ['b64'], b64: false }],
    ['no algorithm', { kid: 'k1' }],
    ['a key id that is a list', { ...HEADER, kid: ['k1'] }],
    ['a header that names alg twice', '{"alg":"none","alg":"HS256"}'],
  ])('refuses %s', async (_, header) => {
    expect(readStrictJws(await forge(header, { sub: 'x' }, sign))).toBeUndefined();
  });

  test.each([
    ['an array', '[1]'],
    ['a string', '"x"'],
    ['null', 'null'],
    ['no JSON', '{'],
    ['a repeated member', '{"sub":"a","sub":"b"}'],
    ['a repeated member, one of them escaped', '{"sub":"a","\\u0073ub":"b"}'],
    ['a repeated member inside', '{"a":[{"b":1,"b" : 2}]}'],
    ['a byte order mark', '\uFEFF{"sub":"a"}'],
  ])('refuses a payload that is %s', async (_, payload) => {
    expect(readStrictJws(await forge(HEADER, payload, sign))).toBeUndefined();
  });

  test('does not take braces, colons and quotes inside strings for members', async () => {
    const payload = { a: '"a":1,{', b: 'a":', c: '\\' };
    expect(readStrictJws(await forge(HEADER, payload, sign))?.payload).toEqual(payload);
  });

  test('refuses every other spelling of a good token', async () => {
    const token = await forge(HEADER, { sub: 'x' }, sign);
    const [head = '', body = '', signature = ''] = token.split('.');
    const spellings = [
      `${token}=`,
      `${token}\n`,
      `\n${token}`,
      ` ${token}`,
      `${token}.`,
      `${head}.${body}`,
      `${head}.${body}.`,
      `${head}.${body}.${signature.slice(0, 9)}\n${signature.slice(9)}`,
      `${head}.${body}.${signature.replaceAll('A', '+')}+`,
      respell(token),
    ];
    expect(readStrictJws(token)).toBeDefined();
    expect(spellings.filter((spelling) => readStrictJws(spelling) !== undefined)).toEqual([]);
  });

  test('refuses a huge header without decoding it', async () => {
    const token = await forge({ ...HEADER, kid: 'k'.repeat(200_000) }, { sub: 'x' }, sign);
    expect(readStrictJws(token)).toBeUndefined();
  });
});

describe('hasBoundedLife', () => {
  test.each([
    [{ iat: 100, exp: 400 }, true],
    [{ iat: 100, exp: 401 }, false],
    [{ iat: 100, exp: 100 }, false],
    [{ iat: 100 }, false],
    [{ iat: 100, exp: '400' }, false],
    [{ iat: 100, exp: Infinity }, false],
    [{ iat: 100.5, exp: 200 }, false],
  ])('%j is %s', (payload, expected) => {
    expect(hasBoundedLife(payload, 300)).toBe(expected);
  });
});
