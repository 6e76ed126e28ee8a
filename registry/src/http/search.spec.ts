import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Client, clientOf, registerBank } from '../testing/registry-client.js';
import { createRegistryFixture, type RegistryFixture } from '../testing/registry-fixture.js';

let fixture: RegistryFixture;
let call: Client;

beforeAll(async () => {
  fixture = await createRegistryFixture();
  call = clientOf(fixture.registry.url, fixture.admin);
  await registerBank(call);
  const common = { application: 'ledger', environments: ['prod'] };
  const topics: [name: string, description: string, labels: object][] = [
    ['pay-ledger-transfer-booked', 'Bookings', { 'cost-center': '4711' }],
    ['pay-ledger-mytransfer-made', 'Somebody else does it', {}],
    ['pay-ledger-ledger-closed', 'The year ends', {}],
    ['pay-ledger-balance-changed', 'After a transfer, 100 % of it; ÜBERTRAG', {}],
  ];
  for (const [name, description, labels] of topics) {
    const answer = await call('POST', '/v1/topics', { ...common, name, description, labels });
    expect(answer.status).toBe(201);
  }
});
afterAll(() => fixture?.close());

interface Result {
  readonly kind: string;
  readonly name: string;
  readonly match: string;
}

async function search(query: Record<string, string>): Promise<Result[]> {
  const answer = await call('GET', `/v1/search?${new URLSearchParams(query)}`);
  expect(answer.status, JSON.stringify(answer.body)).toBe(200);
  return answer.body.items as Result[];
}

const namesOf = (results: Result[]) => results.map(({ name }) => name);

describe('search', () => {
  test('finds in names, then in descriptions, the better match first', async () => {
    const results = await search({ q: 'transfer', kinds: 'topics' });
    expect(results.map(({ name, match }) => [name, match])).toEqual([
      ['pay-ledger-transfer-booked', 'name-word'],
      ['pay-paycore-transfer-completed', 'name-word'],
      ['pay-paycore-transfer-rejected', 'name-word'],
      ['pay-ledger-mytransfer-made', 'name-part'],
      ['pay-ledger-balance-changed', 'text'],
    ]);
  });

  test.each([
    ['the whole name', 'pay-ledger-transfer-booked', ['pay-ledger-transfer-booked']],
    ['a name with other separators and case', 'Pay.Ledger Transfer_BOOKED', ['pay-ledger-transfer-booked']],
    ['a name that has a word twice', 'pay-ledger-ledger-closed', ['pay-ledger-ledger-closed']],
    ['the beginning', 'pay-ledger-transfer-bo', ['pay-ledger-transfer-booked']],
    ['words in any order', 'booked ledger', ['pay-ledger-transfer-booked']],
    ['the inside of a word', 'lanc', ['pay-ledger-balance-changed']],
    ['two letters where a word begins', 'bo', ['pay-ledger-transfer-booked']],
    ['a label', '4711', ['pay-ledger-transfer-booked']],
    ['the key of a label', 'cost-center', ['pay-ledger-transfer-booked']],
    ['letters beyond ASCII, whatever their case', 'übertrag', ['pay-ledger-balance-changed']],
    ['nothing that is there', 'zebra', []],
    ['SQL', `'; DROP TABLE "Topic"; --`, []],
    ['wildcards, which mean nothing', 'pay%booked_', ['pay-ledger-transfer-booked']],
  ])('by %s', async (_what, q, names) => {
    expect(namesOf(await search({ q, kinds: 'topics' }))).toEqual(names);
  });

  test('is narrowed by kind, owner and environment', async () => {
    expect(namesOf(await search({ q: 'paycore', kinds: 'applications' }))).toEqual(['paycore']);
    expect((await search({ q: 'paycore' }))[0]).toMatchObject({ kind: 'applications', match: 'name' });
    expect(namesOf(await search({ q: 'cg', owner: 'channels' }))).toEqual(['cg-sms-notify']);
    expect(namesOf(await search({ q: 'cg', owner: 'ledger' }))).toEqual(['cg-ledger-book']);
    expect(namesOf(await search({ q: 'transfer', environment: 'prod', kinds: 'topics' }))).toEqual([
      'pay-ledger-transfer-booked',
      'pay-ledger-mytransfer-made',
      'pay-ledger-balance-changed',
    ]);
    expect(namesOf(await search({ q: 'transfer', environment: 'prod', owner: 'channels' }))).toEqual([]);
  });

  test('pages follow each other without gap or repeat, also from one way to match to the next', async () => {
    const whole = await search({ q: 'transfer' });
    for (const limit of ['1', '2', '3']) {
      const items: unknown[] = [];
      let cursor: string | undefined;
      do {
        const query = new URLSearchParams({ q: 'transfer', limit, ...(cursor && { cursor }) });
        const { body } = await call('GET', `/v1/search?${query}`);
        items.push(...(body.items as unknown[]));
        cursor = body.next as string | undefined;
      } while (cursor !== undefined);
      expect(items).toEqual(whole);
    }
  });

  test('follows each change of the catalog', async () => {
    const path = '/v1/topics/pay-ledger-mytransfer-made';
    await call('PATCH', path, { description: 'About a walrus' });
    expect(namesOf(await search({ q: 'walrus' }))).toEqual(['pay-ledger-mytransfer-made']);
    await call('DELETE', path);
    expect(await search({ q: 'walrus' })).toEqual([]);
    expect(await search({ q: 'walrus', includeRetired: 'true' })).toMatchObject([{ status: 'retired' }]);
  });

  test.each(['WyJhIl0', 'WyJhIiwiYiIsImMiXQ', 'x'])(
    'a cursor that we did not make (%s) is refused',
    async (cursor) => {
      const answer = await call('GET', `/v1/search?q=pay&cursor=${cursor}`);
      expect([answer.status, answer.body.code]).toEqual([400, 'REQUEST_INVALID']);
      const versions = await call('GET', `/v1/domains/pay/versions?cursor=${cursor}`);
      expect([versions.status, versions.body.code]).toEqual([400, 'REQUEST_INVALID']);
    },
  );

  test.each([{}, { q: '' }, { q: 'a' }, { q: '-' }, { q: 'x'.repeat(201) }, { q: 'pay', kinds: 'birds' }])(
    'refuses %j',
    async (query) => {
      const answer = await call('GET', `/v1/search?${new URLSearchParams(query as Record<string, string>)}`);
      expect([answer.status, answer.body.code]).toEqual([400, 'REQUEST_INVALID']);
    },
  );
});

describe('advice on queues', () => {
  test.each([
    ['rate=10&consumers=1', 1],
    ['rate=10&consumers=3', 3],
    ['rate=9000&consumers=3', 6],
    ['rate=9000&consumers=4', 8],
    ['rate=1000000&consumers=4', 64],
    ['rate=1&consumers=100', 64],
  ])('%s: %i', async (query, queues) => {
    const answer = await call('GET', `/v1/topics:advise?${query}`);
    expect(answer.body).toMatchObject({ queues, reasons: expect.arrayContaining([expect.any(String)]) });
  });

  test.each(['', 'rate=0', 'rate=x', 'rate=1&consumers=0', 'rate=1e99'])('refuses "%s"', async (query) => {
    expect((await call('GET', `/v1/topics:advise?${query}`)).status).toBe(400);
  });
});
