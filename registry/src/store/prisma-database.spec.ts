import { silentLogger } from '@nomos/schemas';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createDatabaseFixture, type DatabaseFixture } from '../testing/registry-fixture.js';
import { PrismaDatabase } from './prisma-database.js';

let fixture: DatabaseFixture;
let database: PrismaDatabase;

beforeAll(async () => {
  fixture = await createDatabaseFixture();
  const url = await fixture.createDatabase('joint');
  database = new PrismaDatabase({ url, log: silentLogger, onRevisionsRaised: () => undefined });
});
afterAll(async () => {
  await database?.close();
  await fixture?.close();
});

describe('joint transactions', () => {
  test('that are quick do not wait for a slow one', async () => {
    let end: () => void = () => undefined;
    const slow = new Promise<void>((resolve) => {
      end = resolve;
    });
    const held = database.together('discard', () => slow);
    const quick = Array.from({ length: 12 }, (_, index) => database.together('discard', async () => index));
    try {
      expect(await Promise.all(quick)).toHaveLength(12);
    } finally {
      end();
      await held;
    }
  });

  test.each([
    ['keep', ['within', 'late']],
    ['discard', []],
  ] as const)('with the outcome "%s" do %j of what is to follow', async (outcome, expected) => {
    const done: string[] = [];
    let resume: () => void = () => undefined;
    const over = new Promise<void>((resolve) => {
      resume = resolve;
    });
    const follow = (what: string) => database.afterwards(async () => void done.push(what));
    let late: Promise<unknown> = Promise.resolve();
    await database.together(outcome, async () => {
      await follow('within');
      // Goes on beside the call, and comes to its end after the transaction did.
      late = over.then(() => follow('late'));
    });
    resume();
    await late;
    await expect.poll(() => done).toEqual(expected);
  });
});
