import { manifestSchema, silentLogger } from '@nomos/schemas';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { PrismaDatabase } from '../../store/prisma-database.js';
import { clientOf, registerBank } from '../../testing/registry-client.js';
import { createRegistryFixture, type RegistryFixture } from '../../testing/registry-fixture.js';
import { NameJudge } from '../catalog/name-judge.js';
import { systemClock } from '../clock.js';
import { NormObservations } from '../norms/norm-observations.js';
import { readFacts } from './admission-facts.js';

const topic = 'pay-paycore-transfer-completed';
const filter = { type: 'tag', expression: '*' };
let fixture: RegistryFixture;
let database: PrismaDatabase;

beforeAll(async () => {
  fixture = await createRegistryFixture();
  const { databaseUrl } = fixture.registry;
  database = new PrismaDatabase({ url: databaseUrl, log: silentLogger, onRevisionsRaised: () => {} });
});
afterAll(async () => {
  await database?.close();
  await fixture?.close();
});

test('an admission reads one other session of a group, however many there are, and a renewal none', async () => {
  const { url } = fixture.registry;
  const { sms } = await registerBank(clientOf(url, fixture.admin));
  const manifestOf = (instance: string) =>
    manifestSchema.parse({
      ...{ application: 'sms', environment: 'dev', instance, sdk: 'spec 1.0' },
      consumers: [{ group: 'cg-sms-notify', subscriptions: [{ topic, filter }] }],
    });
  const sessions: unknown[] = [];
  for (const instance of ['a', 'b', 'c', 'd']) {
    sessions.push((await clientOf(url, sms)('POST', '/v1/sessions', manifestOf(instance))).body.session);
  }
  const othersOf = async (occasion: 'open' | 'renew', ownSession: string | undefined) => {
    const { repositories } = database;
    const judge = new NameJudge(new NormObservations(database, systemClock), systemClock);
    const manifest = manifestOf('e');
    const facts = await readFacts(manifest, occasion, ownSession, new Date(), repositories, judge);
    return facts.otherSessions.map(({ id }) => id);
  };
  expect(await othersOf('open', undefined)).toHaveLength(1);
  for (const own of sessions.map(String)) {
    const others = await othersOf('open', own);
    expect(others).toHaveLength(1);
    expect(others).not.toContain(own);
    expect(await othersOf('renew', own)).toEqual([]);
  }
});
