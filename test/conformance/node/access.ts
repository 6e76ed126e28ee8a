import { FilterExpression } from 'rocketmq-client-nodejs';
import { check, checkEqual, checkSame } from './check.js';
import { Inbox } from './inbox.js';
import { receiveOne } from './receive-until.js';
import { expectRefusal, type StatusName } from './refusal.js';
import type { RowClients } from './row-clients.js';
import type { RowPrograms } from './row-program.js';

/** Without a topic at its start a producer asks for the route at its first send, once. */
async function checkSendRefused(clients: RowClients, expected: StatusName): Promise<void> {
  const producer = await clients.producer({ topics: [] });
  await expectRefusal(expected, () =>
    producer.send({ topic: clients.topic(), body: Buffer.from('refused') }),
  );
}

async function checkReceiveRefused(clients: RowClients, filter?: FilterExpression): Promise<void> {
  await expectRefusal('FORBIDDEN', async () => {
    const consumer = await clients.simple({ filter });
    await consumer.receive(1, 10_000);
  });
}

/** Sends two messages; one comes to a simple consumer, one to a push consumer of the same group. */
async function checkTransport(clients: RowClients): Promise<void> {
  const producer = await clients.producer();
  const consumer = await clients.simple();
  await producer.send({ topic: clients.topic(), body: Buffer.from('one') });
  const message = await receiveOne(consumer);
  checkEqual('received', message.body.toString(), 'one');
  await consumer.ack(message);
  const inbox = new Inbox();
  await clients.push({ inbox });
  await producer.send({ topic: clients.topic(), body: Buffer.from('two') });
  await inbox.waitFor(1);
  checkSame('pushed', inbox.bodies, ['two']);
}

export const accessRows = {
  'wrong-secret': (clients) => {
    const { accessKey } = clients.plan;
    const sessionCredentials = { accessKey, accessSecret: 'not-the-secret' };
    return checkSendRefused(clients.with({ sessionCredentials }), 'UNAUTHORIZED');
  },

  'unknown-access-key': (clients) => {
    const { secretKey } = clients.plan;
    const sessionCredentials = { accessKey: 'nobody', accessSecret: secretKey };
    return checkSendRefused(clients.with({ sessionCredentials }), 'UNAUTHORIZED');
  },

  'no-credentials': (clients) =>
    checkSendRefused(clients.with({ sessionCredentials: undefined }), 'UNAUTHORIZED'),

  'foreign-topic': (clients) => checkSendRefused(clients, 'FORBIDDEN'),

  'foreign-group': (clients) => checkReceiveRefused(clients),

  'unregistered-filter': async (clients) => {
    await checkReceiveRefused(clients, new FilterExpression('OUT || FEE'));
    // The registered one is taken.
    const consumer = await clients.simple({ filter: new FilterExpression('OUT') });
    check(consumer.isRunning(), 'the registered filter is refused');
  },

  'unregistered-subscription': (clients) => checkReceiveRefused(clients),

  tls: (clients) => checkTransport(clients.with({ sslEnabled: true })),

  plaintext: (clients) => checkTransport(clients.with({ sslEnabled: false })),

  close: async (clients) => {
    const [producer, consumer] = [await clients.producer(), await clients.simple()];
    const push = await clients.push({ inbox: new Inbox() });
    await producer.send({ topic: clients.topic(), body: Buffer.from('before') });
    // A push consumer waits for its long poll of 20 s.
    await Promise.all([producer.shutdown(), consumer.shutdown(), push.shutdown()]);
    check(!producer.isRunning() && !consumer.isRunning() && !push.isRunning(), 'a client still runs');
  },
} satisfies RowPrograms;
