import { admissionSchema, grantClaimsSchema } from '@nomos/schemas';
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Client, clientOf, registerBank, rulesOf } from '../testing/registry-client.js';
import { createRegistryFixture, type RegistryFixture } from '../testing/registry-fixture.js';

let fixture: RegistryFixture;
let admin: Client;
let sms: Client;
const description = 'For a test';
const group = 'cg-sms-notify';
const completed = 'pay-paycore-transfer-completed';
const rejected = 'pay-paycore-transfer-rejected';
const all = { type: 'tag', expression: '*' };

beforeAll(async () => {
  fixture = await createRegistryFixture();
  admin = clientOf(fixture.registry.url, fixture.admin);
  const tokens = await registerBank(admin);
  sms = clientOf(fixture.registry.url, tokens.sms);
});
afterAll(() => fixture?.close());

describe('a registered subscription', () => {
  const name = 'cg-sms-amount';
  const path = `/v1/subscriptions/${name}/${completed}`;
  const filter = { type: 'sql', expression: "amount > 1000 AND TAGS IN ('OUT', 'FEE')" };

  test('is registered as it is written', async () => {
    await admin('POST', '/v1/consumer-groups', {
      name,
      application: 'sms',
      description,
      environments: ['dev'],
    });
    const created = await admin('POST', '/v1/subscriptions', { group: name, topic: completed, filter });
    expect([created.status, created.body.filter]).toEqual([201, filter]);
    expect((await admin('GET', path)).body.filter).toEqual(filter);
    const changed = await admin('PATCH', path, { filter: { type: 'sql', expression: 'amount>5' } });
    expect(changed.body).toMatchObject({ filter: { expression: 'amount>5' }, version: 2 });
  });

  test('that cannot be read is refused with the position', async () => {
    const expression = 'amount > AND';
    const wrong = await admin('PATCH', path, { filter: { type: 'sql', expression } });
    expect([wrong.status, wrong.body.code]).toEqual([400, 'REQUEST_INVALID']);
    expect(wrong.body.violations).toEqual([
      {
        rule: 'filter-expression',
        where: 'filter.expression',
        message: 'The SQL filter is wrong at position 10: expected a property or a value, found "AND".',
        expected: 'a property or a value',
        position: { start: 9, end: 12 },
      },
    ]);
    const star = { type: 'sql', expression: '*' };
    const again = await admin('POST', '/v1/subscriptions', { group: name, topic: rejected, filter: star });
    expect([again.status, rulesOf(again)]).toEqual([400, ['filter-expression']]);
  });
});

describe('subscriptions of a session', () => {
  const large = { type: 'sql', expression: 'amount > 1000' };
  const path = `/v1/subscriptions/${group}/${completed}`;
  let instances = 0;
  const withFilter = (filter: object) => ({
    ...{ application: 'sms', environment: 'dev', instance: `i-${++instances}`, sdk: 'spec 1.0' },
    consumers: [{ group, subscriptions: [{ topic: completed, filter }] }],
  });
  const open = async (filter: object) => {
    const answer = await sms('POST', '/v1/sessions', withFilter(filter));
    expect(answer.status, JSON.stringify(answer.body)).toBe(201);
    return admissionSchema.parse(answer.body);
  };

  test('are admitted in any spelling, also beside another, and granted as they came', async () => {
    await admin('PATCH', path, { filter: large });
    const spelled = { type: 'sql', expression: '((amount>1e3))' };
    const { grant } = await open(spelled);
    const claims = grantClaimsSchema.parse(decodeJwt(grant));
    expect(claims.consumers[0]?.subscriptions).toEqual([{ topic: completed, filter: spelled }]);
    await open(large);
  });

  test('that differ from the registered one are refused, as is a tag of the same text', async () => {
    for (const filter of [
      { type: 'sql', expression: 'amount > 1001' },
      { type: 'tag', expression: large.expression },
      all,
    ]) {
      const answer = await sms('POST', '/v1/sessions', withFilter(filter));
      expect([answer.status, rulesOf(answer)]).toEqual([403, ['subscription-differs']]);
    }
  });

  test('that differ from those of a live instance are a split', async () => {
    await admin('PATCH', path, { filter: { type: 'sql', expression: 'amount > 5' } });
    const answer = await sms('POST', '/v1/sessions', withFilter({ type: 'sql', expression: 'amount > 5' }));
    expect([answer.status, rulesOf(answer)]).toEqual([403, ['subscription-split']]);
  });

  test('that cannot be read are refused with the position', async () => {
    const answer = await sms('POST', '/v1/sessions', withFilter({ type: 'sql', expression: 'amount >' }));
    expect(answer.body.violations).toMatchObject([
      {
        rule: 'filter-expression',
        where: 'consumers[0].subscriptions[0].filter.expression',
        message: expect.stringContaining('position 9: expected a property or a value, found the end'),
        position: { start: 8, end: 8 },
      },
    ]);
  });
});
