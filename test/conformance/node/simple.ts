import { check, checkDuration, checkEqual, checkSame, pause } from './check.js';
import { receiveNone, receiveOne, receiveUntil } from './receive-until.js';
import { expectRefusal } from './refusal.js';
import type { RowClients } from './row-clients.js';
import type { RowPrograms } from './row-program.js';

/** RocketMQ allows no shorter invisible duration of a receive. */
const INVISIBLE_MS = 10_000;
const EARLY_MS = 20;
const BATCH_MAX = 32;

/** A consumer that holds a message since `atMs`. */
async function receiveSent(clients: RowClients, body: string) {
  const producer = await clients.producer();
  const consumer = await clients.simple();
  const { messageId } = await producer.send({ topic: clients.topic(), body: Buffer.from(body) });
  const message = await receiveOne(consumer, INVISIBLE_MS);
  checkEqual('message id', message.messageId, messageId);
  checkEqual('first attempt', message.deliveryAttempt, 1);
  return { consumer, message, atMs: Date.now() };
}

export const simpleRows = {
  'simple-ack': async (clients) => {
    const { consumer, message } = await receiveSent(clients, 'acknowledged');
    await consumer.ack(message);
    await consumer.ack(message);
    await receiveNone(consumer, INVISIBLE_MS + clients.plan.redeliveryLateMs);
  },

  'simple-redelivery': async (clients) => {
    const { consumer, message, atMs } = await receiveSent(clients, 'not acknowledged');
    const again = await receiveOne(consumer, INVISIBLE_MS);
    const latestMs = INVISIBLE_MS + clients.plan.redeliveryLateMs;
    // The invisible duration began when the broker answered, a little before the message was here.
    checkDuration('the message came again', Date.now() - atMs, INVISIBLE_MS - 500, latestMs);
    checkEqual('message id', again.messageId, message.messageId);
    checkEqual('second attempt', again.deliveryAttempt, 2);
    await consumer.ack(again);
    await receiveNone(consumer, 2_000);
  },

  'simple-extend': async (clients) => {
    const { consumer, message } = await receiveSent(clients, 'extended');
    const firstHandle = message.receiptHandle;
    await consumer.changeInvisibleDuration(message, 2 * INVISIBLE_MS);
    check(message.receiptHandle !== '', 'no new handle came');
    check(message.receiptHandle !== firstHandle, 'the new handle is the old one');
    await receiveNone(consumer, INVISIBLE_MS + clients.plan.redeliveryLateMs);
    await consumer.ack(message);
    await receiveNone(consumer, INVISIBLE_MS);
  },

  'simple-shorten': async (clients) => {
    const { consumer, message } = await receiveSent(clients, 'given back');
    const changedAtMs = Date.now();
    await consumer.changeInvisibleDuration(message, 2_000);
    const again = await receiveOne(consumer, INVISIBLE_MS);
    const tookMs = Date.now() - changedAtMs;
    checkDuration('the message came again', tookMs, 2_000 - EARLY_MS, 2_000 + clients.plan.redeliveryLateMs);
    checkEqual('message id', again.messageId, message.messageId);
    checkEqual('second attempt', again.deliveryAttempt, 2);
    await consumer.ack(again);
  },

  'simple-expired': async (clients) => {
    const { consumer, message } = await receiveSent(clients, 'expired');
    await pause(INVISIBLE_MS + 1_000);
    await expectRefusal('INVALID_RECEIPT_HANDLE', () => consumer.ack(message));
    await expectRefusal('INVALID_RECEIPT_HANDLE', () =>
      consumer.changeInvisibleDuration(message, INVISIBLE_MS),
    );
  },

  'simple-batch': async (clients) => {
    const producer = await clients.producer();
    const consumer = await clients.simple();
    const bodies = Array.from({ length: 2 * BATCH_MAX + 6 }, (_, index) => `M-${index}`);
    await Promise.all(
      bodies.map((body) => producer.send({ topic: clients.topic(), body: Buffer.from(body) })),
    );
    const first = await consumer.receive(100, 30_000);
    check(first.length > 0, 'the first receive gave nothing');
    check(first.length <= BATCH_MAX, `a receive gave ${first.length} messages`);
    await Promise.all(first.map((message) => consumer.ack(message)));
    const rest = await receiveUntil(consumer, bodies.length - first.length);
    checkSame(
      'received',
      [...first, ...rest].map((message) => message.body.toString()),
      bodies,
    );
  },

  'simple-invisible-limits': async (clients) => {
    const consumer = await clients.simple();
    await expectRefusal('ILLEGAL_INVISIBLE_TIME', () => consumer.receive(1, 5_000));
    await expectRefusal('ILLEGAL_INVISIBLE_TIME', () => consumer.receive(1, 13 * 60 * 60 * 1000));
  },
} satisfies RowPrograms;
