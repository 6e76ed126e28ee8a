import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { type Client, clientOf, registerBank } from '../testing/registry-client.js';
import { createRegistryFixture, type RegistryFixture } from '../testing/registry-fixture.js';

const path = '/v1/environments/dev/provisioning';

let fixture: RegistryFixture;
let admin: Client;
let broker: Awaited<ReturnType<typeof listenAsBroker>>;

beforeAll(async () => {
  // So seldom that nothing is done in a test but what is asked for.
  const seldom = { checkIntervalMs: 600_000, pollIntervalMs: 100, retryMs: 600_000, retryMsMax: 600_000 };
  fixture = await createRegistryFixture({ reconcilerTimes: seldom });
  admin = clientOf(fixture.registry.url, fixture.admin);
  await registerBank(admin);
});
afterAll(() => fixture?.close());

beforeEach(async () => {
  broker = await listenAsBroker();
});
afterEach(async () => {
  await admin('DELETE', path);
  await broker.close();
});

/** Stands where a broker would be and hangs up; what counts is how often somebody came. */
async function listenAsBroker() {
  let visits = 0;
  const server = createServer((socket) => {
    visits += 1;
    socket.destroy();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    access: { endpoints: [`127.0.0.1:${(server.address() as AddressInfo).port}`] },
    visits: () => visits,
    close: () => new Promise((resolve) => server.close(resolve)),
  };
}

/** Whether anybody comes to the broker within a time in which it would be done. */
async function isVisitedAfter(visits: number): Promise<boolean> {
  const endsAtMs = performance.now() + 1_000;
  while (broker.visits() === visits && performance.now() < endsAtMs) await sleep(20);
  return broker.visits() > visits;
}

async function manage(headers = {}): Promise<void> {
  expect((await admin('PUT', path, broker.access, headers)).status).toBe(200);
  expect(await isVisitedAfter(0)).toBe(true);
  await sleep(200);
}

test('a dry run goes to no broker', async () => {
  expect((await admin('PUT', `${path}?dryRun=true`, broker.access)).status).toBe(200);
  expect(await isVisitedAfter(0)).toBe(false);
  await manage();
  const visits = broker.visits();
  const adopt = { topics: ['pay-paycore-transfer-completed'] };
  for (const [verb, body] of [
    ['reconcile', { repair: true }],
    ['adopt', adopt],
  ] as const) {
    expect((await admin('POST', `${path}:${verb}?dryRun=true`, body)).status).toBe(202);
  }
  expect(await isVisitedAfter(visits)).toBe(false);
  expect((await admin('POST', `${path}:reconcile`, { repair: true })).status).toBe(200);
  expect(broker.visits()).toBeGreaterThan(visits);
});

test('under an idempotency key a broker is visited once, after what was asked for is certain', async () => {
  await manage({ 'idempotency-key': randomUUID() });
  const visits = broker.visits();
  const headers = { 'idempotency-key': randomUUID() };
  const first = await admin('POST', `${path}:reconcile`, { repair: true }, headers);
  expect(first.status).toBe(202);
  expect(await isVisitedAfter(visits)).toBe(true);
  await sleep(200);
  const after = broker.visits();
  const again = await admin('POST', `${path}:reconcile`, { repair: true }, headers);
  expect([again.status, again.body]).toEqual([202, first.body]);
  expect(await isVisitedAfter(after)).toBe(false);
  // What goes on by itself is not caught in the transaction of the call that began it.
  expect((await admin('POST', `${path}:reconcile`, {})).status).toBe(200);
  expect((await admin('GET', path)).body).toMatchObject({ state: 'failing', error: { code: 'UNAVAILABLE' } });
});

test('with other access it is the other broker that is visited', async () => {
  await manage();
  const elsewhere = await listenAsBroker();
  try {
    expect((await admin('PUT', path, elsewhere.access)).status).toBe(200);
    expect((await admin('POST', `${path}:reconcile`, {})).status).toBe(200);
    expect(elsewhere.visits()).toBeGreaterThan(0);
  } finally {
    await elsewhere.close();
  }
});

test('who had a broker set right is in the audit log', async () => {
  await manage();
  await admin('POST', `${path}:reconcile`, { repair: false }, { 'x-request-id': 'set-right' });
  const { body } = await admin('GET', '/v1/audit?action=provisioning.reconcile');
  expect((body.items as object[]).at(-1)).toMatchObject({
    ...{ subject: 'dev', requestId: 'set-right', after: { repair: false } },
  });
});
