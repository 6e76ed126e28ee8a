import { silentLogger } from '@nomos/schemas';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { NormObservation } from '../domain/norms/norm-repository.js';
import { createRegistryFixture, type RegistryFixture } from '../testing/registry-fixture.js';
import { PrismaDatabase } from './prisma-database.js';

let fixture: RegistryFixture;
let database: PrismaDatabase;

beforeAll(async () => {
  fixture = await createRegistryFixture();
  const { databaseUrl } = fixture.registry;
  database = new PrismaDatabase({ url: databaseUrl, log: silentLogger, onRevisionsRaised: () => undefined });
});
afterAll(async () => {
  await database?.close();
  await fixture?.close();
});

const observation = (version: number, name: string, lastSeenAt: string): NormObservation => ({
  ...{ norm: { name: 'bank', version }, kind: 'topic', name, application: 'paycore' },
  ...{ rules: ['template-shape', 'max-length'], count: 2, lastSeenAt: new Date(lastSeenAt) },
});

test('observations are added up, and end with their norm', async () => {
  const { norms } = database.repositories;
  const first = observation(1, 'pay-a', '2030-01-02T00:00:00Z');
  await norms.addObservations([observation(2, 'pay-b', '2030-01-01T00:00:00Z'), first]);
  await norms.addObservations([{ ...observation(1, 'pay-a', '2030-01-01T00:00:00Z'), rules: [] }]);
  const listed = (version: number) => norms.observations({ norm: { name: 'bank', version }, limit: 10 });
  expect(await listed(1)).toEqual([{ ...first, rules: [], count: 4 }]);
  expect(await listed(2)).toEqual([observation(2, 'pay-b', '2030-01-01T00:00:00Z')]);
  expect(await norms.purgeObservations(['default@1', 'bank@2'])).toBe(1);
  expect([await listed(1), (await listed(2)).length]).toEqual([[], 1]);
});
