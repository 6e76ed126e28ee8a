import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Client, clientOf, registerBank, rulesOf } from '../testing/registry-client.js';
import { createRegistryFixture, type RegistryFixture } from '../testing/registry-fixture.js';

let fixture: RegistryFixture;
let call: Client;
const description = 'For a test';

beforeAll(async () => {
  fixture = await createRegistryFixture();
  call = clientOf(fixture.registry.url, fixture.admin);
  await registerBank(call);
});
afterAll(() => fixture?.close());

describe('If-None-Match', () => {
  const read = (ifNoneMatch: string) =>
    call('GET', '/v1/topics/pay-paycore-transfer-completed', undefined, { 'if-none-match': ifNoneMatch });

  test.each(['"1"', 'W/"1"', '"0", "1"', '"a,b" , W/"1"', '*', ' * '])(
    '%s is what we have: 304',
    async (tag) => {
      const answer = await read(tag);
      expect([answer.status, answer.headers.get('etag')]).toEqual([304, '"1"']);
      expect(answer.body).toEqual({ text: '' });
    },
  );

  test.each(['"2"', '1', '', '"11"', 'nonsense', '"1', '"x"*'])('%s is not: 200', async (tag) => {
    expect((await read(tag)).status).toBe(200);
  });

  test('means nothing on lists, which have no version', async () => {
    expect((await call('GET', '/v1/topics', undefined, { 'if-none-match': '*' })).status).toBe(200);
  });

  test('does not turn a change or a refusal into a 304', async () => {
    const headers = { 'if-none-match': '*' };
    expect((await call('PATCH', '/v1/domains/pay', { description }, headers)).status).toBe(200);
    expect((await call('GET', '/v1/domains/nowhere', undefined, headers)).status).toBe(404);
  });
});

describe('cursors', () => {
  const list = (query: string) => call('GET', `/v1/applications?${query}`);
  const codesOf = ({ body }: { body: Record<string, unknown> }) =>
    (body.items as { code: string }[]).map(({ code }) => code);

  test('neither repeat nor hide entries while others come and go', async () => {
    const first = await list('limit=2');
    expect(codesOf(first)).toEqual(['ledger', 'paycore']);
    const fields = { description, team: 'payments', domain: 'pay' };
    for (const code of ['aaa', 'mmm', 'zzz']) await call('POST', '/v1/applications', { code, ...fields });
    const second = await list(`limit=2&cursor=${first.body.next}`);
    expect(codesOf(second)).toEqual(['sms', 'zzz']);
    expect(second.body.next).toBeUndefined();
  });

  test('are good for their list and its filters only, with any limit', async () => {
    const { next } = (await list('limit=1&team=payments')).body;
    expect((await list(`limit=3&team=payments&cursor=${next}`)).status).toBe(200);
    for (const path of [
      `/v1/applications?cursor=${next}`,
      `/v1/applications?team=channels&cursor=${next}`,
      `/v1/teams?cursor=${next}`,
      `/v1/tokens?cursor=${next}`,
      `/v1/applications?team=payments&cursor=${String(next).split('.')[1]}`,
      '/v1/applications?cursor=WyJhIl0',
      '/v1/applications?cursor=',
    ]) {
      const answer = await call('GET', path);
      expect([path, answer.status, rulesOf(answer)]).toEqual([path, 400, ['cursor']]);
    }
  });
});

describe('violations say where and what is expected', () => {
  const refusal = async (path: string, body: unknown) => (await call('POST', path, body)).body.violations;

  test('of missing, wrong, unknown and too large values', async () => {
    const topic = {
      name: 7,
      application: 'paycore',
      description,
      environments: ['dev', 3],
      queues: 1_000,
      x: 1,
    };
    expect(await refusal('/v1/topics', topic)).toEqual([
      { rule: 'invalid-type', where: 'name', message: 'This is a number.', expected: 'string' },
      { rule: 'invalid-type', where: 'environments[1]', message: 'This is a number.', expected: 'string' },
      expect.objectContaining({ rule: 'too-big', where: 'queues', expected: 'number, at most 64' }),
      { rule: 'unrecognized-keys', where: 'x', message: 'There is no such field.' },
    ]);
    expect(await refusal('/v1/domains', {})).toEqual([
      { rule: 'invalid-type', where: 'code', message: 'The value is missing.', expected: 'string' },
      { rule: 'invalid-type', where: 'description', message: 'The value is missing.', expected: 'string' },
    ]);
  });

  test.each([
    ['{"code":}', 8],
    ['{', 1],
    ['nonsense', 1],
    ['{"code":"a",}', 12],
    ['{"code":"a"} x', 13],
    ['{"code":"se', 11],
  ])('of text that is not JSON: %s', async (text, start) => {
    const [violation] = (await refusal('/v1/domains', text)) as { position: object; message: string }[];
    expect(violation).toMatchObject({ rule: 'json', where: 'body', position: { start } });
    expect(JSON.stringify(violation)).not.toContain('code');
  });

  test('of parameters that are unknown or given twice', async () => {
    const answer = await call('GET', '/v1/topics?limit=1&limit=2&colour=red');
    expect(answer.body.violations).toEqual([
      expect.objectContaining({ rule: 'duplicate-parameter', where: 'query.limit' }),
      expect.objectContaining({ rule: 'unrecognized-keys', where: 'query.colour' }),
    ]);
    expect(rulesOf(await call('GET', '/v1/topics/x?colour=red'))).toEqual(['unrecognized-keys']);
  });
});

describe('addresses and headers', () => {
  test('that are too long are refused as problems', async () => {
    const long = await call('GET', `/v1/topics?application=${'x'.repeat(9_000)}`);
    expect([long.status, long.body.code]).toEqual([414, 'ADDRESS_TOO_LONG']);
    const wide = await call('GET', '/v1/topics', undefined, { 'x-wide': 'x'.repeat(20_000) });
    expect([wide.status, wide.body.code]).toEqual([431, 'HEADERS_TOO_LARGE']);
  });

  test('HEAD answers as GET does without a body, OPTIONS tells the methods', async () => {
    const head = await call('HEAD', '/v1/topics/pay-paycore-transfer-completed');
    expect([head.status, head.headers.get('etag'), head.body]).toEqual([200, '"1"', {}]);
    const options = await call('OPTIONS', '/v1/topics/pay-paycore-transfer-completed');
    expect([options.status, options.headers.get('allow')]).toEqual([
      204,
      'GET, HEAD, PATCH, DELETE, OPTIONS',
    ]);
  });
});
