import { FilterExpression } from 'rocketmq-client-nodejs';
import { checkSame } from './check.js';
import { receiveNone, receiveUntil } from './receive-until.js';
import { expectRefusal } from './refusal.js';
import { SQL } from './resolution.js';
import type { RowClients } from './row-clients.js';
import type { RowPrograms } from './row-program.js';

interface Sent {
  readonly body: string;
  readonly tag?: string;
  readonly properties?: Map<string, string>;
}

/** Sends all, and checks that those and only those come which the filter passes. */
async function checkFilter(
  clients: RowClients,
  filter: FilterExpression,
  messages: readonly Sent[],
  expected: readonly string[],
): Promise<void> {
  const producer = await clients.producer();
  const consumer = await clients.simple({ filter });
  for (const { body, ...rest } of messages) {
    await producer.send({ topic: clients.topic(), body: Buffer.from(body), ...rest });
  }
  const received = await receiveUntil(consumer, expected.length);
  checkSame(
    'received',
    received.map((message) => message.body.toString()),
    expected,
  );
  await receiveNone(consumer, 1_000);
}

const tagged: readonly Sent[] = [
  { body: 'out', tag: 'OUT' },
  { body: 'in', tag: 'IN' },
  { body: 'fee', tag: 'FEE' },
  { body: 'none' },
  { body: 'outer', tag: 'OUTER' },
];

function priced(body: string, amount: string, region: string, tag = 'OUT'): Sent {
  return { body, tag, properties: new Map(Object.entries({ amount, region })) };
}

export const filterRows = {
  'filter-tag': (clients) => checkFilter(clients, new FilterExpression('OUT'), tagged, ['out']),

  'filter-tags': (clients) =>
    checkFilter(clients, new FilterExpression('OUT || FEE'), tagged, ['out', 'fee']),

  'filter-sql': (clients) => {
    const expression = "amount > 1000 AND region IN ('north','south') AND TAGS = 'OUT'";
    const messages = [
      priced('match', '1001', 'north'),
      priced('small', '1000', 'north'),
      priced('east', '5000', 'east'),
      priced('other tag', '5000', 'south', 'IN'),
      priced('no number', 'many', 'south'),
      { body: 'nothing', tag: 'OUT' },
      priced('match too', '2000', 'south'),
    ];
    return checkFilter(clients, new FilterExpression(expression, SQL), messages, ['match', 'match too']);
  },

  'filter-syntax': (clients) =>
    expectRefusal('ILLEGAL_FILTER_EXPRESSION', async () => {
      const consumer = await clients.simple({ filter: new FilterExpression('amount > AND', SQL) });
      await consumer.receive(1, 10_000);
    }),
} satisfies RowPrograms;
