import { NomosError, silentLogger } from '@nomos/schemas';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { PrismaDatabase } from '../../store/prisma-database.js';
import { type Client, clientOf, registerBank } from '../../testing/registry-client.js';
import { createRegistryFixture, type RegistryFixture } from '../../testing/registry-fixture.js';
import type { Actor } from '../actor.js';
import { AuditLog } from '../audit/audit-log.js';
import { systemClock } from '../clock.js';
import { Notices } from '../notices/notices.js';
import { ApprovalGate } from './approval-gate.js';
import { Approvals, type RequestedChanges } from './approvals.js';

const description = 'For a test';

let fixture: RegistryFixture;
let database: PrismaDatabase;
let call: Client;

beforeAll(async () => {
  fixture = await createRegistryFixture();
  database = new PrismaDatabase({
    ...{ url: fixture.registry.databaseUrl, log: silentLogger, onRevisionsRaised: () => {} },
  });
  call = clientOf(fixture.registry.url, fixture.admin);
  await registerBank(call);
  const rules = [{ id: 'admin', kinds: ['topics'], approvers: 'platform-admin' }];
  expect((await call('PUT', '/v1/approval-policy', { rules })).status).toBe(200);
});
afterAll(async () => {
  await database?.close();
  await fixture?.close();
});

/** A change that is refused when the half of it is written. */
const halfDone: RequestedChanges = {
  requirements: async () => [],
  async apply(_request, _actor, { topics }) {
    const topic = await topics.find(['pay-paycore-transfer-completed']);
    if (topic === undefined) throw new Error('the bank has no such topic');
    await topics.update({ ...topic, description: 'Half done' });
    throw new NomosError('IN_USE', 'Somebody else needs it.');
  },
  discard: async () => {},
  environments: async () => [],
};

const approver: Actor = {
  ...{ principal: { role: 'platform-admin', id: 'somebody-else' }, scope: 'all' },
};

test.each(['alone', 'under an idempotency key'])(
  'a change that fails half done leaves nothing, %s',
  async (how) => {
    const name = `pay-paycore-order-${how === 'alone' ? 'opened' : 'closed'}`;
    const topic = { name, application: 'paycore', description, environments: ['dev'] };
    const { body } = await call('POST', '/v1/topics', topic);
    const audit = new AuditLog(systemClock);
    const gate = new ApprovalGate(
      audit,
      new Notices(database, systemClock, silentLogger, undefined),
      systemClock,
    );
    const approvals = new Approvals(database, halfDone, gate, audit, systemClock);
    const approve = () => approvals.approve(approver, String(body.id), undefined);
    const decided = await (how === 'alone' ? approve() : database.together('keep', approve));
    expect(decided).toMatchObject({ state: 'failed', failure: 'IN_USE: Somebody else needs it.' });
    expect((await call('GET', `/v1/change-requests/${body.id}`)).body).toMatchObject({ state: 'failed' });
    const { body: untouched } = await call('GET', '/v1/topics/pay-paycore-transfer-completed');
    expect(untouched.description).toBe(description);
  },
);

test('nobody approves what they asked for in another role; the same id of another issuer is somebody else', async () => {
  const audit = new AuditLog(systemClock);
  const gate = new ApprovalGate(
    audit,
    new Notices(database, systemClock, silentLogger, undefined),
    systemClock,
  );
  const approvals = new Approvals(database, { ...halfDone, apply: async () => {} }, gate, audit, systemClock);
  const { body: member } = await call('POST', '/v1/tokens', {
    role: 'member',
    team: 'payments',
    description,
  });
  const topic = {
    name: 'pay-paycore-order-held',
    application: 'paycore',
    description,
    environments: ['dev'],
  };
  const asked = await clientOf(fixture.registry.url, String(member.token))('POST', '/v1/topics', topic);
  const approveAs = (issuer?: string) =>
    approvals.approve(
      {
        principal: { role: 'platform-admin', id: String(member.id), ...(issuer && { issuer }) },
        scope: 'all',
      },
      String(asked.body.id),
      undefined,
    );
  await expect(approveAs()).rejects.toMatchObject({ code: 'FORBIDDEN' });
  const decided = await approveAs('https://id.bank.example');
  expect(decided).toMatchObject({
    state: 'applied',
    decisions: [{ by: { issuer: 'https://id.bank.example' } }],
  });
});
