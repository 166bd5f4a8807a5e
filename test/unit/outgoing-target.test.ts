import { describe, expect, test } from 'vitest';

import { refuseTarget } from '../../src/http/outgoing-target.ts';

describe('refuseTarget', () => {
  test.each([
    'https://example.com/hook',
    'https://hooks.example.com:443/a?b=c',
    'https://8.8.8.8/hook',
    'https://[2606:4700:4700::1111]/hook',
  ])('lets a public server through: %s', (address) => {
    expect(refuseTarget(address, [])).toBeUndefined();
  });

  test.each([
    'http://example.com/',
    'ftp://example.com/',
    'javascript:alert(1)',
    'not a url',
    'https://user:secret@example.com/',
    'https://user@example.com/',
    'https://example.com:8443/',
    'https://example.com:22/',
    'https://localhost/',
    'https://LOCALHOST/',
    'https://localhost./',
    'https://a.localhost/',
    'https://metadata/',
    'https://metadata.google.internal/',
    'https://printer.local/',
    'https://router.lan/',
    'https://nas.home.arpa/',
    'https://example.com./',
    'https://127.0.0.1/',
    'https://127.1/',
    'https://2130706433/',
    'https://0x7f000001/',
    'https://0177.0.0.1/',
    'https://１２７.0.0.1/',
    'https://127.0.0.1./',
    'https://0.0.0.0/',
    'https://0/',
    'https://10.0.0.1/',
    'https://172.16.0.1/',
    'https://192.168.1.1/',
    'https://169.254.169.254/latest/meta-data/',
    'https://2852039166/',
    'https://100.64.0.1/',
    'https://198.18.0.1/',
    'https://192.0.0.192/',
    'https://203.0.113.1/',
    'https://224.0.0.1/',
    'https://255.255.255.255/',
    'https://[::1]/',
    'https://[::]/',
    'https://[0:0:0:0:0:0:0:1]/',
    'https://[::ffff:127.0.0.1]/',
    'https://[::ffff:a9fe:a9fe]/',
    'https://[::ffff:0:127.0.0.1]/',
    'https://[::127.0.0.1]/',
    'https://[64:ff9b::127.0.0.1]/',
    'https://[64:ff9b:1::10.0.0.1]/',
    'https://[2002:7f00:1::]/',
    'https://[2001::1]/',
    'https://[fc00::1]/',
    'https://[fd00:ec2::254]/',
    'https://[fe80::1]/',
    'https://[fec0::1]/',
    'https://[ff02::1]/',
    'https://[2001:db8::1]/',
    'https://[4000::1]/',
  ])('refuses %s', (address) => {
    expect(refuseTarget(address, [])).toEqual(expect.any(String));
  });

  test('an exception counts for exactly its host and port', () => {
    const allowed = ['127.0.0.1:9000'];
    expect(refuseTarget('http://127.0.0.1:9000/hook', allowed)).toBeUndefined();
    expect(refuseTarget('http://127.1:9000/hook', allowed)).toBeUndefined();
    expect(refuseTarget('http://127.0.0.1:9001/hook', allowed)).toEqual(expect.any(String));
    expect(refuseTarget('http://localhost:9000/hook', allowed)).toEqual(expect.any(String));
    expect(refuseTarget('ftp://127.0.0.1:9000/', allowed)).toEqual(expect.any(String));
    expect(refuseTarget('http://me@127.0.0.1:9000/', allowed)).toEqual(expect.any(String));
  });
});
