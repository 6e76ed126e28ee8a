import { checkDuration, checkEqual, checkSame, pause } from './check.js';
import { Inbox } from './inbox.js';
import { receiveOne } from './receive-until.js';
import type { RowPrograms } from './row-program.js';

const MANY = 1_000;
/** The retry policy of these rows: 3 attempts, the second a second after the first, the third two seconds later. */
const BACKOFF_MS = [1_000, 2_000];
/** The clock of the consumer and that of the broker may differ by a few milliseconds in their rounding. */
const EARLY_MS = 20;

export const pushRows = {
  'push-retry': async (clients) => {
    const inbox = new Inbox();
    await clients.push({ inbox, handle: ({ attempt }) => attempt === 3 });
    const producer = await clients.producer();
    await producer.send({ topic: clients.topic(), body: Buffer.from('again') });
    await inbox.waitFor(3);
    checkEqual(
      'attempts',
      inbox.deliveries.map(({ attempt }) => attempt),
      [1, 2, 3],
    );
    for (const [index, backoffMs] of BACKOFF_MS.entries()) {
      const [before, after] = inbox.deliveries.slice(index, index + 2);
      const tookMs = (after?.atMs ?? 0) - (before?.atMs ?? 0);
      const latestMs = backoffMs + clients.plan.redeliveryLateMs;
      checkDuration(`attempt ${index + 2} came`, tookMs, backoffMs - EARLY_MS, latestMs);
    }
    await pause(3_000);
    checkEqual('deliveries', inbox.deliveries.length, 3);
  },

  'dead-letters': async (clients) => {
    const inbox = new Inbox();
    await clients.push({ inbox, handle: () => false });
    const producer = await clients.producer();
    const sent = { topic: clients.topic(), tag: 'OUT', keys: ['T-1'], body: Buffer.from('dead') };
    const { messageId } = await producer.send({ ...sent, properties: new Map([['region', 'north']]) });
    await inbox.waitFor(3);
    const reader = await clients.simple({ group: 'reader', topic: `%DLQ%${clients.group()}` });
    const dead = await receiveOne(reader);
    checkEqual('message id', dead.messageId, messageId);
    checkEqual('keys', dead.keys, sent.keys);
    checkEqual('tag', dead.tag, sent.tag);
    checkEqual('body', dead.body.toString(), 'dead');
    checkEqual('property', dead.properties.get('region'), 'north');
    await reader.ack(dead);
    await pause(3_000);
    checkEqual('attempts', inbox.deliveries.length, 3);
  },

  'push-many': async (clients) => {
    const inbox = new Inbox();
    await clients.push({ inbox });
    const producer = await clients.producer();
    const bodies = Array.from({ length: MANY }, (_, index) => `M-${index}`);
    await Promise.all(
      bodies.map((body) => producer.send({ topic: clients.topic(), body: Buffer.from(body) })),
    );
    await inbox.waitFor(MANY);
    await pause(1_000);
    checkSame('handled', inbox.bodies, bodies);
  },
} satisfies RowPrograms;
