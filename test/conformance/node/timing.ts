import { check, checkDuration, checkEqual, checkSame, pause } from './check.js';
import { Inbox } from './inbox.js';
import { receiveOne } from './receive-until.js';
import { expectClientRefusal, expectRefusal } from './refusal.js';
import type { RowPrograms } from './row-program.js';

/** Sent in this order; due in another one, and not at whole seconds. */
const DELAYS_MS = [4_250, 2_700, 3_333, 6_001, 2_050];
const FIFTY_DAYS_MS = 50 * 24 * 60 * 60 * 1000;

export const timingRows = {
  'delay-on-time': async (clients) => {
    const topic = clients.topic();
    const producer = await clients.producer();
    const inbox = new Inbox();
    await clients.push({ inbox });
    // The push consumer polls from a second after its start on.
    await pause(2_000);
    const dueAtMs = new Map<string, number>();
    for (const [index, delayMs] of DELAYS_MS.entries()) {
      const dueMs = Date.now() + delayMs;
      const body = `D-${delayMs}`;
      // The client takes a duration as well as a time.
      const when = index % 2 === 0 ? { deliveryTimestamp: new Date(dueMs) } : { delay: delayMs };
      await producer.send({ topic, body: Buffer.from(body), ...when });
      dueAtMs.set(body, dueMs);
    }
    await inbox.waitFor(DELAYS_MS.length);
    checkSame('delivered', inbox.bodies, [...dueAtMs.keys()]);
    for (const { body, atMs, message } of inbox.deliveries) {
      checkDuration(`${body} came`, atMs - (dueAtMs.get(body) ?? 0), 0, clients.plan.delayLateMs);
      check(message.deliveryTimestamp !== undefined, 'the delivery timestamp is missing');
    }
  },

  'delay-past': async (clients) => {
    const producer = await clients.producer();
    const consumer = await clients.simple();
    const sentAtMs = Date.now();
    const deliveryTimestamp = new Date(sentAtMs - 60_000);
    await producer.send({ topic: clients.topic(), body: Buffer.from('past'), deliveryTimestamp });
    await consumer.ack(await receiveOne(consumer));
    checkDuration('the message came', Date.now() - sentAtMs, 0, 1_000 + clients.plan.delayLateMs);
  },

  'delay-too-far': async (clients) => {
    const producer = await clients.producer();
    const deliveryTimestamp = new Date(Date.now() + FIFTY_DAYS_MS);
    await expectRefusal('ILLEGAL_DELIVERY_TIME', () =>
      producer.send({ topic: clients.topic(), body: Buffer.from('far'), deliveryTimestamp }),
    );
  },

  recall: async (clients) => {
    const topic = clients.topic();
    const producer = await clients.producer();
    const inbox = new Inbox();
    await clients.push({ inbox });
    const recalled = await producer.send({ topic, body: Buffer.from('recalled'), delay: 4_000 });
    await producer.send({ topic, body: Buffer.from('kept'), delay: 5_000 });
    check(Boolean(recalled.recallHandle), 'the receipt of a delayed message has no recall handle');
    const { messageId } = await producer.recallMessage(topic, recalled.recallHandle);
    checkEqual('recalled message id', messageId, recalled.messageId);
    await inbox.waitFor(1);
    await pause(1_500);
    checkEqual('delivered', inbox.bodies, ['kept']);
  },

  'recall-unknown': async (clients) => {
    const producer = await clients.producer();
    // The client puts the status into its message only.
    await expectClientRefusal(/\(code: 4\d{4}\)/, () =>
      producer.recallMessage(clients.topic(), 'no-such-handle'),
    );
  },
} satisfies RowPrograms;
