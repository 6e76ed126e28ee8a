import { defaultNorm } from '@nomos/schemas';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Client, clientOf, registerBank, rulesOf } from '../testing/registry-client.js';
import { createRegistryFixture, type RegistryFixture } from '../testing/registry-fixture.js';

const dayMs = 24 * 60 * 60 * 1000;
let aheadMs = 0;
let fixture: RegistryFixture;
let call: Client;
let credentials: Awaited<ReturnType<typeof registerBank>>;

const name = 'pay_paycore_legacy_posted';
const waiver = {
  ...{ kind: 'topic', name, rules: ['template-shape'], owner: 'payments', reason: 'Replaced in spring' },
  expiresAt: new Date(Date.now() + 30 * dayMs).toISOString(),
};
const body = { name, application: 'paycore', description: 'For a test', environments: ['dev'] };
const check = async () => (await call('POST', '/v1/names/check', { kind: 'topic', name })).body;

beforeAll(async () => {
  fixture = await createRegistryFixture({ clock: () => new Date(Date.now() + aheadMs) });
  call = clientOf(fixture.registry.url, fixture.admin);
  credentials = await registerBank(call);
});
afterAll(() => fixture?.close());

describe('a waiver', () => {
  test.each([
    ['without an existing team', { owner: 'nowhere' }],
    ['that is past', { expiresAt: '2020-01-01T00:00:00Z' }],
    ['of what RocketMQ itself refuses', { rules: ['rocketmq-characters'] }],
    ['of no rule', { rules: [] }],
    ['without a reason', { reason: ' ' }],
  ])('%s is refused', async (_what, change) => {
    const answer = await call('POST', '/v1/waivers', { ...waiver, ...change });
    expect([answer.status, answer.body.code]).toEqual([400, 'REQUEST_INVALID']);
  });

  test('of another rule or kind changes nothing', async () => {
    await call('POST', '/v1/waivers', { ...waiver, rules: ['name-length'] });
    await call('POST', '/v1/waivers', { ...waiver, kind: 'consumer-group' });
    expect((await call('POST', '/v1/topics', body)).status).toBe(422);
    expect(await check()).toMatchObject({ ok: false, waived: [] });
  });

  test('lets a planned name be registered, and shows wherever the violation would', async () => {
    const granted = await call('POST', '/v1/waivers', waiver);
    expect([granted.status, granted.body.inForce]).toEqual([201, true]);
    const { id } = granted.body;
    expect(granted.headers.get('location')).toBe(`/v1/waivers/${id}`);
    const checked = await check();
    expect(checked).toMatchObject({ ok: true, norm: 'default@1' });
    expect(checked.waived).toMatchObject([
      { rule: 'template-shape', waiver: id, waivedUntil: waiver.expiresAt },
      { rule: 'template-shape', waiver: id },
      { rule: 'template-shape', waiver: id },
    ]);
    expect((await call('POST', '/v1/topics', body)).status).toBe(201);
    const paycore = clientOf(fixture.registry.url, credentials.paycore);
    const opened = await paycore('POST', '/v1/sessions', {
      ...{ application: 'paycore', environment: 'dev', instance: 'one', sdk: 'spec 1.0' },
      producers: [{ group: 'pg-paycore-transfer', topics: [name] }],
    });
    expect(opened.status).toBe(201);
    expect(opened.body.waived).toEqual(
      expect.arrayContaining([expect.objectContaining({ waiver: id, where: 'producers[0].topics[0]' })]),
    );
    const response = await fetch(`${fixture.registry.url}/v1/norms/default/1:impact`, {
      method: 'POST',
      headers: { authorization: `Bearer ${fixture.admin}` },
    });
    const summary: unknown = JSON.parse((await response.text()).trimEnd().split('\n').at(-1) ?? '');
    expect(summary).toMatchObject({ topics: { breaking: 0, waived: 1 }, sessions: { breaking: 0 } });
  });

  test('is listed by its owner, read, and revoked once', async () => {
    const listed = await call('GET', `/v1/waivers?owner=payments&name=${name}`);
    expect(listed.body.items).toHaveLength(3);
    expect((await call('GET', '/v1/waivers?owner=channels')).body.items).toEqual([]);
    for (const { id } of listed.body.items as { id: string }[]) {
      const first = await call('DELETE', `/v1/waivers/${id}`);
      expect([first.status, first.body.inForce]).toEqual([200, false]);
      expect((await call('DELETE', `/v1/waivers/${id}`)).body).toEqual(first.body);
      expect((await call('GET', `/v1/waivers/${id}`)).body).toEqual(first.body);
    }
    expect((await call('GET', '/v1/waivers')).body.items).toEqual([]);
    expect((await call('GET', '/v1/waivers?includeEnded=true')).body.items).toHaveLength(3);
    expect(await check()).toMatchObject({ ok: false, waived: [] });
  });

  test('counts no more once it expired: clients that come are refused, those that run go on', async () => {
    await call('POST', '/v1/waivers', waiver);
    const paycore = clientOf(fixture.registry.url, credentials.paycore);
    const manifest = {
      ...{ application: 'paycore', environment: 'dev', instance: 'two', sdk: 'spec 1.0' },
      producers: [{ group: 'pg-paycore-transfer', topics: [name] }],
    };
    aheadMs = 30 * dayMs - 60_000;
    const running = await paycore('POST', '/v1/sessions', manifest);
    expect(running.status).toBe(201);
    aheadMs = 30 * dayMs + 20_000;
    expect((await paycore('POST', `/v1/sessions/${running.body.session}/heartbeat`)).status).toBe(200);
    const late = await paycore('POST', '/v1/sessions', { ...manifest, instance: 'three' });
    expect([late.status, new Set(rulesOf(late))]).toEqual([403, new Set(['template-shape'])]);
    aheadMs = 0;
  });

  test('ends with the entry, and whoever has its name next does not inherit it', async () => {
    const retiring = { ...waiver, name: 'pay_paycore_legacy_ended' };
    const other = await call('POST', '/v1/waivers', { ...retiring, kind: 'consumer-group' });
    const { id } = (await call('POST', '/v1/waivers', retiring)).body;
    expect((await call('POST', '/v1/topics', { ...body, name: retiring.name })).status).toBe(201);
    expect((await call('DELETE', `/v1/topics/${retiring.name}`)).status).toBe(200);
    const { body: ended } = await call('GET', `/v1/waivers/${id}`);
    expect(ended).toMatchObject({ inForce: false, revokedAt: expect.any(String) });
    expect((await call('GET', `/v1/waivers/${other.body.id}`)).body.inForce).toBe(true);
    const { body: events } = await call('GET', '/v1/audit?action=waiver.revoke&limit=100');
    expect(events.items).toContainEqual(expect.objectContaining({ subject: id }));
  });

  test('also covers what a norm on its way would forbid', async () => {
    const topic = { template: '{domain}_{app}_{entity}_{event}' };
    const document = { ...defaultNorm, name: 'bank', names: { ...defaultNorm.names, topic } };
    await call('POST', '/v1/norms', { document });
    const blockFrom = new Date(Date.now() + dayMs).toISOString();
    await call('POST', '/v1/norms/bank/1:activate', { blockFrom });
    const dashed = { kind: 'topic', name: 'pay-paycore-transfer-completed' };
    expect((await call('POST', '/v1/names/check', dashed)).body).toMatchObject({
      ...{ ok: true, waived: [], rollout: { stage: 'warn', breaks: ['template-shape'] } },
      warnings: [{ rule: 'template-shape' }, {}, {}],
    });
    await call('POST', '/v1/waivers', { ...waiver, name: dashed.name });
    const waived = (await call('POST', '/v1/names/check', dashed)).body;
    expect([waived.warnings, (waived.waived as unknown[]).length]).toEqual([[], 3]);
  });
});
