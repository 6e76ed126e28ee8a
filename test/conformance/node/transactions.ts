import type { MessageView, Producer } from 'rocketmq-client-nodejs';
import { check, checkEqual } from './check.js';
import { ClientProcess } from './client-process.js';
import { receiveNone, receiveOne } from './receive-until.js';
import { COMMIT, ROLLBACK } from './resolution.js';
import type { RowClients } from './row-clients.js';
import type { RowProgram, RowPrograms } from './row-program.js';

/** The check-back of RocketMQ comes after 30 s, and is repeated. */
const CHECK_TIMEOUT_MS = 100_000;

const unresolved = { check: () => Promise.reject(new Error('this producer is not to be asked')) };

/** Sends a half message, and gives its transaction. */
export async function sendHalf(clients: RowClients, producer: Producer, body: string) {
  const transaction = producer.beginTransaction();
  const message = { topic: clients.topic(), body: Buffer.from(body), keys: ['T-1'] };
  await producer.send(message, transaction);
  return transaction;
}

export const transactionRows = {
  'transaction-commit': async (clients) => {
    const producer = await clients.producer({ checker: unresolved });
    const consumer = await clients.simple();
    const transaction = await sendHalf(clients, producer, 'committed');
    await receiveNone(consumer, 2_000);
    await transaction.commit();
    const message = await receiveOne(consumer);
    checkEqual('body', message.body.toString(), 'committed');
    checkEqual('keys', message.keys, ['T-1']);
    await consumer.ack(message);
  },

  'transaction-rollback': async (clients) => {
    const producer = await clients.producer({ checker: unresolved });
    const consumer = await clients.simple();
    const transaction = await sendHalf(clients, producer, 'rolled back');
    await transaction.rollback();
    const other = await sendHalf(clients, producer, 'committed');
    await other.commit();
    const message = await receiveOne(consumer);
    checkEqual('body', message.body.toString(), 'committed');
    await consumer.ack(message);
    await receiveNone(consumer, 5_000);
  },

  'transaction-check': async (clients) => {
    const asked: string[] = [];
    const check = async (message: MessageView) => {
      asked.push(message.body.toString());
      return message.body.toString() === 'yes' ? COMMIT : ROLLBACK;
    };
    const producer = await clients.producer({ checker: { check } });
    const consumer = await clients.simple();
    await sendHalf(clients, producer, 'no');
    await sendHalf(clients, producer, 'yes');
    const message = await receiveOne(consumer, undefined, CHECK_TIMEOUT_MS);
    checkEqual('delivered', message.body.toString(), 'yes');
    await consumer.ack(message);
    await receiveNone(consumer, 5_000);
    checkEqual('asked for', asked.toSorted(), ['no', 'yes']);
  },

  'transaction-orphan': (async (clients) => {
    const sender = await ClientProcess.start('half-message', clients);
    await sender.lines.waitFor(1);
    await sender.kill();
    const asked: string[] = [];
    const checker = {
      check: async (message: MessageView) => {
        asked.push(message.body.toString());
        return COMMIT;
      },
    };
    await clients.producer({ checker });
    const consumer = await clients.simple();
    const message = await receiveOne(consumer, undefined, CHECK_TIMEOUT_MS);
    checkEqual('delivered', message.body.toString(), 'orphan');
    await consumer.ack(message);
    check(asked.includes('orphan'), 'the message came without anybody having been asked');
  }) satisfies RowProgram,
} satisfies RowPrograms;
