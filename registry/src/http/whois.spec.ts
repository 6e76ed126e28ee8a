import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Client, clientOf, registerBank } from '../testing/registry-client.js';
import { createRegistryFixture, type RegistryFixture } from '../testing/registry-fixture.js';

let fixture: RegistryFixture;
let call: Client;
let tokens: Awaited<ReturnType<typeof registerBank>>;
const completed = 'pay-paycore-transfer-completed';
const filter = { type: 'tag', expression: '*' };

beforeAll(async () => {
  fixture = await createRegistryFixture();
  call = clientOf(fixture.registry.url, fixture.admin);
  tokens = await registerBank(call);
  await call('PATCH', `/v1/topics/${completed}`, {
    ...{ publishers: ['ledger'], runbook: 'https://bank.example/runbook' },
  });
  const paycore = clientOf(fixture.registry.url, tokens.paycore);
  await paycore('POST', '/v1/sessions', {
    ...{ application: 'paycore', environment: 'dev', instance: 'paycore-1', sdk: 'test' },
    producers: [{ group: 'pg-paycore-transfer', topics: [completed] }],
  });
  const sms = clientOf(fixture.registry.url, tokens.sms);
  await sms('POST', '/v1/sessions', {
    ...{ application: 'sms', environment: 'dev', instance: 'sms-1', sdk: 'test' },
    consumers: [{ group: 'cg-sms-notify', subscriptions: [{ topic: completed, filter }] }],
  });
});
afterAll(() => fixture?.close());

interface Whois {
  readonly found: readonly Record<string, unknown>[];
  readonly readings: readonly Record<string, unknown>[];
  readonly nearest: readonly { readonly kind: string; readonly name: string }[];
  readonly messageId?: object;
}

async function whois(name: string): Promise<Whois> {
  const answer = await call('GET', `/v1/whois/${encodeURIComponent(name)}`);
  expect(answer.status, JSON.stringify(answer.body)).toBe(200);
  return answer.body as unknown as Whois;
}

describe('whois', () => {
  test('a topic: owner with contacts, meaning, who may and who does', async () => {
    const { found, readings, nearest } = await whois(completed);
    expect(found).toMatchObject([
      {
        ...{ kind: 'topics', name: completed, status: 'active' },
        entry: { runbook: 'https://bank.example/runbook' },
        owner: {
          application: { code: 'paycore' },
          team: { code: 'payments', contacts: [{ kind: 'email', value: 'team@bank.example' }] },
        },
        segments: [
          { segment: 'domain', value: 'pay', description: 'For a test' },
          { segment: 'app', value: 'paycore', description: 'For a test' },
          { segment: 'entity', value: 'transfer' },
          { segment: 'event', value: 'completed', hint: expect.stringContaining('past tense') },
        ],
        producers: {
          registered: [
            { application: 'paycore', team: 'payments' },
            { application: 'ledger', team: 'payments' },
          ],
          live: [{ instance: 'paycore-1', group: 'pg-paycore-transfer', environment: 'dev' }],
          truncated: false,
        },
        consumers: {
          registered: [
            { group: 'cg-ledger-book', application: 'ledger', team: 'payments', filter },
            { group: 'cg-sms-notify', application: 'sms', team: 'channels', filter },
          ],
          live: [{ instance: 'sms-1', group: 'cg-sms-notify' }],
        },
      },
    ]);
    expect([readings, nearest]).toEqual([[], []]);
  });

  test('a group: what it uses, and its instances', async () => {
    expect((await whois('cg-sms-notify')).found).toMatchObject([
      {
        kind: 'consumer-groups',
        owner: { team: { code: 'channels' } },
        consumers: { registered: [{ topic: completed }, {}], live: [{ instance: 'sms-1' }] },
      },
    ]);
    expect((await whois('pg-paycore-transfer')).found).toMatchObject([
      {
        kind: 'producer-groups',
        producers: { registered: [{ topic: completed }, {}], live: [{ instance: 'paycore-1' }] },
      },
    ]);
  });

  test('a code of an application, team, domain or environment', async () => {
    const kindsOf = async (code: string) => (await whois(code)).found.map(({ kind }) => kind);
    expect((await whois('sms')).found).toMatchObject([
      {
        kind: 'applications',
        owner: { team: { code: 'channels' } },
        holds: { entries: [{ kind: 'consumer-groups', name: 'cg-sms-notify' }] },
      },
    ]);
    expect((await whois('payments')).found).toMatchObject([
      { kind: 'teams', holds: { entries: [{ name: 'ledger' }, { name: 'paycore' }] } },
    ]);
    expect(await kindsOf('pay')).toEqual(['domains']);
    expect(await kindsOf('dev')).toEqual(['environments']);
  });

  test('a retired name still has its owner', async () => {
    const name = 'pay-paycore-card-issued';
    await call('POST', '/v1/topics', {
      ...{ name, application: 'paycore', description: 'x', environments: ['dev'] },
    });
    await call('DELETE', `/v1/topics/${name}`);
    expect((await whois(name)).found).toMatchObject([
      {
        status: 'retired',
        entry: { reservedUntil: expect.any(String) },
        owner: { team: { code: 'payments' } },
      },
    ]);
  });

  test.each([
    ['pay-paycore-transfer-compelted', completed],
    ['pay-paycroe-transfer-completed', completed],
    ['Pay.Paycore.Transfer.Completed', completed],
    ['pay-paycore-transfers-completed', completed],
    ['cg-sms-notfy', 'cg-sms-notify'],
    ['paycroe', 'paycore'],
  ])('%s is nobody, but near to %s', async (name, near) => {
    const { found, nearest } = await whois(name);
    expect(found).toEqual([]);
    expect(nearest[0]?.name).toBe(near);
  });

  test('a malformed name gets every violation and a suggestion', async () => {
    const { readings, nearest } = await whois('pay-paycore-Transfer-completed');
    expect(readings).toMatchObject([
      { kind: 'topic', legal: false, violations: [{ rule: 'segment-pattern' }], suggestion: completed },
    ]);
    expect(nearest[0]).toMatchObject({ kind: 'topics', name: completed });
  });

  test('a legal name that nobody has gets its meaning', async () => {
    const { found, readings } = await whois('pay-paycore-order-opened');
    expect(found).toEqual([]);
    expect(readings).toMatchObject([
      { kind: 'topic', legal: true, segments: [{}, {}, {}, { segment: 'event', value: 'opened' }] },
    ]);
  });

  test('a message id tells what is in it, and that brokers are not asked', async () => {
    const seconds = 0x0b3dd2a0;
    const { messageId, readings } = await whois(`01${'56F9B12A0C44'}00FF${'0B3DD2A0'}0000001F`);
    expect(messageId).toMatchObject({
      ...{ form: 'rocketmq-5', machine: '56f9b12a0c44', process: 255, sequence: 31 },
      createdAt: new Date(Date.UTC(2021, 0, 1) + seconds * 1000).toISOString(),
      note: expect.stringContaining('does not ask brokers'),
    });
    expect(readings).toEqual([]);
    expect((await whois('7F0000010A1E18B4AAC25F9D3E4C0000')).messageId).toMatchObject({
      form: 'rocketmq-4',
    });
  });

  test.each([
    'x'.repeat(255),
    '../../etc/passwd',
    `'; DROP TABLE "Topic"; --`,
    'раy-раусоrе-transfer-completed',
    '%%%',
    '-',
    'a b c d e f g h i j k l m n o p',
    '\u202e',
  ])('answers hostile text %#', async (name) => {
    const startedAt = performance.now();
    expect((await whois(name)).found).toEqual([]);
    expect(performance.now() - startedAt).toBeLessThan(15_000);
  });

  test('refuses what is too long', async () => {
    expect((await call('GET', `/v1/whois/${'x'.repeat(256)}`)).status).toBe(400);
  });
});
