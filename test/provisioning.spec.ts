import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { waitFor } from './platform.js';
import { ENVIRONMENT, ProvisionedBroker } from './provisioned-broker.js';

let broker: ProvisionedBroker;
let names = 0;

beforeAll(async () => {
  broker = await ProvisionedBroker.start();
}, 60_000);
afterAll(() => broker?.close());

const topicName = () => `pay-paycore-transfer${++names}-completed`;
const groupName = () => `cg-paycore-ledger${++names}`;

async function inSync(): Promise<void> {
  await waitFor('everything to be provisioned', async () => (await broker.state()).state === 'in-sync');
}

async function settingsOf(kind: 'topic' | 'consumer-group', name: string): Promise<object | undefined> {
  return (await (await broker.admin()).find(kind, name))?.copies[0];
}

describe('without access to the broker', () => {
  test('nothing is provisioned, and the state says so', async () => {
    await broker.topic(topicName());
    expect(await broker.state()).toEqual({ environment: ENVIRONMENT, state: 'not-managed' });
    expect(await broker.names('topic')).toEqual([]);
    const { status, body } = await broker.call<{ code: string }>(
      ...(['POST', `environments/${ENVIRONMENT}/provisioning:reconcile`, {}] as const),
    );
    expect([status, body.code]).toEqual([404, 'NOT_FOUND']);
  });

  test('with wrong credentials the state says what is wrong', async () => {
    await broker.manage({ secretKey: 'wrong' });
    await waitFor('a failure', async () => (await broker.state()).state === 'failing');
    expect((await broker.state()).error).toMatchObject({
      code: 'BROKER_REFUSED',
      message: expect.stringContaining('ACCESS_KEY_INVALID'),
    });
  });
});

describe('with access to the broker', () => {
  test('what was registered before is provisioned, once it is right', async () => {
    await broker.manage();
    await inSync();
    expect(await broker.names('topic')).toHaveLength(1);
    expect((await broker.state()).plan).toEqual({ total: 0, operations: [] });
  });

  test('topics and groups are created as they were registered, and follow changes', async () => {
    const topic = topicName();
    const group = groupName();
    await broker.topic(topic, { messageType: 'FIFO', queues: 6 });
    await broker.group(group, { retry: { maxAttempts: 3, delaysMs: [1_000, 5_000] } });
    await inSync();
    expect(await settingsOf('topic', topic)).toEqual({
      ...{ readQueues: 6, writeQueues: 6, permission: 6, messageType: 'FIFO' },
    });
    const retry = { maxAttempts: 3, delaysMs: [1_000, 5_000] };
    expect(await settingsOf('consumer-group', group)).toEqual({ enabled: true, ordered: false, ...retry });

    await broker.must('POST', 'subscriptions', { group, topic });
    await broker.must('PATCH', `consumer-groups/${group}`, { retry: { maxAttempts: 5, delaysMs: [7_000] } });
    await inSync();
    expect(await settingsOf('consumer-group', group)).toEqual({
      ...{ enabled: true, ordered: true, maxAttempts: 5, delaysMs: [7_000] },
    });
  });

  test('TLS is used where it is wanted, and its certificate checked', async () => {
    await broker.manage({ tls: true });
    await waitFor('a failure', async () => (await broker.state()).state === 'failing');
    expect((await broker.state()).error).toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringContaining('certificate'),
    });
    await broker.manage({ tls: true, certificateAuthority: await broker.certificate() });
    const topic = topicName();
    await broker.topic(topic);
    await inSync();
    expect(await settingsOf('topic', topic)).toBeDefined();
    await broker.manage();
  });

  test('the secret key is nowhere to be read', async () => {
    const { secretKey } = await broker.credentials();
    const client = new Client({ connectionString: broker.registry.databaseUrl });
    await client.connect();
    const { rows } = await client.query(`SELECT to_jsonb(a) AS row FROM "AuditEvent" a
      UNION ALL SELECT to_jsonb(p) FROM "ProvisionedEnvironment" p`);
    await client.end();
    expect(JSON.stringify(rows)).toContain('provisioning.set-access');
    expect(JSON.stringify([rows, await broker.state()])).not.toContain(secretKey);
  });

  test('a broker that was killed delays changes and loses none', async () => {
    await broker.killBroker();
    const topic = topicName();
    const group = groupName();
    await broker.topic(topic);
    await broker.group(group);
    await waitFor('a failure', async () => (await broker.state()).state === 'failing');
    const state = await broker.state();
    expect(state.error).toMatchObject({ code: 'UNAVAILABLE', since: expect.any(String) });
    expect(state.plan?.operations.map(({ operation, name }) => [operation, name])).toEqual([
      ['create', group],
      ['create', topic],
    ]);
    await broker.startBroker();
    await inSync();
    expect(await broker.names('topic')).toContain(topic);
    expect(await broker.names('consumer-group')).toContain(group);
    expect((await broker.state()).error).toBeUndefined();
  });
});

describe('drift', () => {
  const changedSettings = { enabled: true, ordered: false, maxAttempts: 9, delaysMs: [9_000] };

  test('is shown and repaired; what is not managed is shown and left alone', async () => {
    const topic = topicName();
    const group = groupName();
    await broker.topic(topic);
    await broker.group(group);
    await inSync();
    const admin = await broker.admin();
    await admin.delete('topic', topic);
    await admin.save({ kind: 'consumer-group', name: group, settings: changedSettings });
    await admin.save({ kind: 'consumer-group', name: 'cg-by-hand', settings: changedSettings });

    const { drift, state } = await broker.reconcile();
    expect(drift?.items).toEqual([
      {
        ...{ kind: 'consumer-group', name: group, drift: 'changed' },
        differences: expect.arrayContaining([{ field: 'maxAttempts', expected: 17, actual: 9 }]),
        ...{ notBefore: expect.any(String), seenAt: expect.any(String), repairedAt: expect.any(String) },
      },
      expect.objectContaining({
        ...{ kind: 'topic', name: topic, drift: 'missing' },
        repairedAt: expect.any(String),
      }),
      expect.objectContaining({ kind: 'consumer-group', name: 'cg-by-hand', drift: 'unmanaged' }),
    ]);
    expect(state).toBe('in-sync');
    expect(await settingsOf('topic', topic)).toBeDefined();
    expect(await settingsOf('consumer-group', group)).toMatchObject({ maxAttempts: 17 });
    expect(await settingsOf('consumer-group', 'cg-by-hand')).toEqual(changedSettings);
    expect((await broker.reconcile()).drift?.items).toHaveLength(1);
  });

  test('is only shown where the environment wants that, until it is to be repaired', async () => {
    const group = groupName();
    await broker.group(group);
    await broker.manage({ driftPolicy: 'report' });
    await inSync();
    await (await broker.admin()).save({ kind: 'consumer-group', name: group, settings: changedSettings });
    const reported = await broker.reconcile();
    expect(reported.state).toBe('drifting');
    expect(await settingsOf('consumer-group', group)).toEqual(changedSettings);
    expect((await broker.reconcile({ repair: true })).state).toBe('in-sync');
    expect(await settingsOf('consumer-group', group)).toMatchObject({ maxAttempts: 17 });
    await broker.manage();
  });

  test('is noticed by itself', async () => {
    const topic = topicName();
    await broker.topic(topic);
    await inSync();
    await (await broker.admin()).delete('topic', topic);
    // As if the last look was long ago.
    const client = new Client({ connectionString: broker.registry.databaseUrl });
    await client.connect();
    await client.query(`UPDATE "ProvisionedEnvironment" SET "checkedAt" = now() - interval '1 day'`);
    await client.end();
    await waitFor('the repair', async () => (await broker.names('topic')).includes(topic));
  });
});

describe('what was at the broker before', () => {
  const settings = { readQueues: 8, writeQueues: 8, permission: 6, messageType: 'NORMAL' } as const;

  test('is left alone when it has other settings, until it is adopted', async () => {
    const topic = topicName();
    await (await broker.admin()).save({ kind: 'topic', name: topic, settings });
    await broker.topic(topic, { queues: 12 });
    const state = await broker.reconcile();
    expect(state.state).toBe('drifting');
    expect(state.drift?.items).toContainEqual(
      expect.objectContaining({ name: topic, drift: 'found', differences: expect.any(Array) }),
    );
    expect(await settingsOf('topic', topic)).toEqual(settings);

    const path = `environments/${ENVIRONMENT}/provisioning:adopt`;
    const unknown = await broker.call<{ violations: { where: string }[] }>('POST', path, {
      topics: [topic, 'no-such-topic'],
      consumerGroups: ['cg-by-hand'],
    });
    expect(unknown.status).toBe(400);
    expect(unknown.body.violations.map(({ where }) => where)).toEqual(['topics[1]', 'consumerGroups[0]']);
    expect(await settingsOf('topic', topic)).toEqual(settings);

    await broker.must('POST', path, { topics: [topic] });
    expect(await settingsOf('topic', topic)).toEqual({ ...settings, readQueues: 12, writeQueues: 12 });
    await inSync();
  });

  test('is never deleted, even where it was as it is wanted', async () => {
    const topic = topicName();
    await (await broker.admin()).save({ kind: 'topic', name: topic, settings });
    await broker.topic(topic, { queues: 8, whenRetired: 'delete' });
    await inSync();
    await broker.must('DELETE', `topics/${topic}`);
    await inSync();
    expect(await broker.names('topic')).toContain(topic);
  });
});

describe('what is retired', () => {
  test('stays at the broker, unless its entry says that it is to be deleted', async () => {
    const [kept, deleted, group] = [topicName(), topicName(), groupName()];
    await broker.topic(kept);
    await broker.topic(deleted, { whenRetired: 'delete' });
    await broker.group(group, { whenRetired: 'delete' });
    await inSync();
    for (const path of [`topics/${kept}`, `topics/${deleted}`, `consumer-groups/${group}`]) {
      await broker.must('DELETE', path);
    }
    await inSync();
    const topics = await broker.names('topic');
    expect([topics.includes(kept), topics.includes(deleted)]).toEqual([true, false]);
    expect(await broker.names('consumer-group')).not.toContain(group);
    const { drift } = await broker.reconcile();
    expect(drift?.items).toContainEqual(expect.objectContaining({ name: kept, drift: 'unmanaged' }));
  });

  test('an environment that is not managed any more is forgotten, and its broker left as it is', async () => {
    const before = await broker.names('topic');
    const path = `environments/${ENVIRONMENT}/provisioning`;
    expect((await broker.call('DELETE', path)).status).toBe(204);
    expect((await broker.call('DELETE', path)).status).toBe(404);
    expect((await broker.state()).state).toBe('not-managed');
    expect(await broker.names('topic')).toEqual(before);
    await broker.manage();
    await inSync();
  });
});

describe('many', () => {
  test('two registries on one database behave as one', async () => {
    const other = await broker.startAnother();
    try {
      const wanted = Array.from({ length: 20 }, topicName);
      await Promise.all(
        wanted.map((name, index) =>
          broker.topic(name, {}, index % 2 === 0 ? broker.registry.url : other.url),
        ),
      );
      const path = `environments/${ENVIRONMENT}/provisioning:reconcile`;
      const answers = await Promise.all([
        broker.call('POST', path, {}),
        broker.call('POST', path, {}, other.url),
      ]);
      expect(answers.map(({ status }) => status)).toEqual([200, 200]);
      await inSync();
      expect(await broker.names('topic')).toEqual(expect.arrayContaining(wanted));
    } finally {
      await other.close();
    }
  });

  test('1,000 topics are provisioned in one go', async () => {
    await broker.killBroker();
    const client = new Client({ connectionString: broker.registry.databaseUrl });
    await client.connect();
    const [example] = (await client.query('SELECT * FROM "Topic" LIMIT 1')).rows;
    await client.query(
      `INSERT INTO "Topic" SELECT r.* FROM generate_series(1, 1000) i, jsonb_populate_record(null::"Topic",
         $1::jsonb || jsonb_build_object('name', 'pay-paycore-bulk' || i || '-completed', 'status', 'active')) r`,
      [JSON.stringify(example)],
    );
    await client.query('UPDATE "Environment" SET "revision" = "revision" + 1 WHERE "code" = $1', [
      ENVIRONMENT,
    ]);
    await client.end();
    await waitFor('a failure', async () => (await broker.state()).state === 'failing');
    expect((await broker.state()).plan?.total).toBe(1_000);
    await broker.startBroker();
    const startMs = performance.now();
    // Seldom, since reading the state takes time that is to be measured.
    while ((await broker.state()).state !== 'in-sync') {
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
    const tookMs = performance.now() - startMs;
    process.stderr.write(`1,000 topics provisioned in ${Math.round(tookMs)} ms\n`);
    const bulk = (await broker.names('topic')).filter((name) => name.includes('bulk'));
    expect(bulk).toHaveLength(1_000);
    expect(tookMs).toBeLessThan(15_000);
  });
});
