import { DatabaseSync } from 'node:sqlite';
import { readFileSync } from 'node:fs';

import { expect, test } from 'vitest';

import { createApiTokenText, hashApiToken } from '../../workers/auth/api-token-text.ts';
import { firstRunSql } from '../../workers/auth/first-run.ts';

test('makes one account and one admin token, however often it runs', () => {
  const db = new DatabaseSync(':memory:');
  db.exec(readFileSync('migrations/0000_init.sql', 'utf8'));
  const token = createApiTokenText();
  for (const now of [1000, 2000]) db.exec(firstRunSql(token, now));
  expect(db.prepare('SELECT * FROM accounts').all()).toMatchObject([{ id: 'default' }]);
  expect(db.prepare('SELECT * FROM api_tokens').all()).toMatchObject([
    { account_id: 'default', name: 'admin', hash: hashApiToken(token), scopes: '["admin"]' },
  ]);
});

test('holds no token, and neither takes a short one', () => {
  const token = `it's '); DROP TABLE accounts; -- ${'x'.repeat(32)}`;
  expect(firstRunSql(token, 1)).not.toContain('DROP');
  expect(() => firstRunSql('short', 1)).toThrow('at least 32 characters');
});

test('a token has 256 random bits', () => {
  expect(createApiTokenText()).toMatch(/^sg_[A-Za-z0-9_-]{43}$/);
  expect(createApiTokenText()).not.toBe(createApiTokenText());
});
