import { setTimeout as pause } from 'node:timers/promises';
import { memoryStore, Nomos, tag } from '@nomos/sdk';

const TOPIC = 'pay-paycore-transfer-completed';

const nomos = await Nomos.connect({
  registry: process.env.NOMOS_REGISTRY ?? 'http://127.0.0.1:7700',
  application: 'paycore',
  environment: 'dev',
  credentials: process.env.NOMOS_TOKEN,
});

const consumer = await nomos.consumer({
  group: 'cg-paycore-receipt',
  subscribe: { [TOPIC]: tag('MANUAL') },
  idempotence: { by: 'key', store: memoryStore() },
  handle: async (message) => {
    // Throwing here has the message delivered again after the group's next delay.
    const { amount } = message.json();
    console.log(`received ${message.key}: ${amount}, sent by ${message.metadata.application}`);
  },
});

const producer = await nomos.producer({ group: 'pg-paycore-transfer' });
const transfer = { topic: TOPIC, tag: 'MANUAL', key: `T-${Date.now()}`, body: { amount: '12.50' } };
const receipt = await producer.send(transfer); // resolves once the message is on disk
await producer.send(transfer); // a retry with the same key: applied once
console.log(`stored as ${receipt.messageId}`);

try {
  await producer.send({ topic: 'pay-paycore-refund-requested', key: 'R-1', body: {} });
} catch (error) {
  console.log(`refused, ${error.code}: ${error.fix}`);
}

while (consumer.stats().handled + consumer.stats().suppressed < 2) await pause(20);
console.log(`handled ${consumer.stats().handled}, suppressed ${consumer.stats().suppressed}`);
await nomos.close();
