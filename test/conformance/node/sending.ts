import { check, checkDuration, checkEqual, checkSame, pause } from './check.js';
import { receiveOne, receiveUntil } from './receive-until.js';
import type { RowPrograms } from './row-program.js';

const ASYNC_SENDS = 200;

export const sendingRows = {
  'send-receive': async (clients) => {
    const topic = clients.topic();
    const producer = await clients.producer();
    const consumer = await clients.simple();
    const body = Buffer.from([0, 1, 2, 127, 128, 255, ...Buffer.from('grüße 消息')]);
    const properties = new Map([
      ['region', 'north'],
      ['note', 'a=b; "c", ü'],
    ]);
    const sent = { topic, body, keys: ['T-1', 'T-2'], tag: 'OUT', properties };
    const bornAtMs = Date.now();
    const { messageId } = await producer.send(sent);
    const message = await receiveOne(consumer);
    checkEqual('message id', message.messageId, messageId);
    checkEqual('topic', message.topic, topic);
    check(message.body.equals(body), 'the body differs');
    check(!message.corrupted, "the body's digest is wrong");
    checkEqual('keys', message.keys, sent.keys);
    checkEqual('tag', message.tag, sent.tag);
    for (const [name, value] of properties) checkEqual(name, message.properties.get(name), value);
    checkEqual('delivery attempt', message.deliveryAttempt, 1);
    checkDuration('born', (message.bornTimestamp?.getTime() ?? 0) - bornAtMs, -1, 5_000);
    check(message.bornHost !== '', 'the born host is missing');
    await consumer.ack(message);
  },

  'send-async': async (clients) => {
    const topic = clients.topic();
    const producer = await clients.producer();
    const consumer = await clients.simple();
    const bodies = Array.from({ length: ASYNC_SENDS }, (_, index) => `B-${index}`);
    const receipts = await Promise.all(
      bodies.map((body) => producer.send({ topic, body: Buffer.from(body) })),
    );
    const received = await receiveUntil(consumer, ASYNC_SENDS);
    const ids = receipts.map(({ messageId }) => messageId);
    checkSame(
      'ids',
      received.map(({ messageId }) => messageId),
      ids,
    );
    checkSame(
      'bodies',
      received.map((message) => message.body.toString()),
      bodies,
    );
  },

  'long-poll': async (clients) => {
    const producer = await clients.producer();
    const consumer = await clients.simple();
    let arrivedAtMs = 0;
    const receiving = receiveOne(consumer).then(() => {
      arrivedAtMs = Date.now();
    });
    await pause(1_500);
    const sentAtMs = Date.now();
    await producer.send({ topic: clients.topic(), body: Buffer.from('now') });
    await receiving;
    checkDuration('the waiting receive was answered', arrivedAtMs - sentAtMs, 0, 1_000);
  },

  'receive-nothing': async (clients) => {
    const consumer = await clients.simple();
    const startedAtMs = Date.now();
    checkEqual('messages', (await consumer.receive(1, 10_000)).length, 0);
    checkDuration('the receive ended', Date.now() - startedAtMs, 4_000, 8_000);
  },
} satisfies RowPrograms;
