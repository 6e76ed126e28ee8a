import type { MessageOptions } from 'rocketmq-client-nodejs';
import { check } from './check.js';
import { receiveOne } from './receive-until.js';
import { expectClientRefusal, expectRefusal, type StatusName } from './refusal.js';
import type { RowClients } from './row-clients.js';
import type { RowPrograms } from './row-program.js';

const BODY_BYTES_MAX = 4 * 1024 * 1024;
/** The client leaves gRPC's limit of 4 MiB for a whole answer as it is, so it cannot receive the largest body. */
const RECEIVABLE_BODY_BYTES_MAX = BODY_BYTES_MAX - 64 * 1024;

/** Checks that each message is refused with the status, while one without the fault goes through. */
async function checkRefused(
  clients: RowClients,
  expected: StatusName,
  base: Partial<MessageOptions>,
  faults: readonly Partial<MessageOptions>[],
): Promise<void> {
  const producer = await clients.producer();
  const sound = { topic: clients.topic(), body: Buffer.from('sound'), ...base };
  await producer.send(sound);
  for (const fault of faults) await expectRefusal(expected, () => producer.send({ ...sound, ...fault }));
}

function properties(count: number, valueCharacters: number): Map<string, string> {
  return new Map(Array.from({ length: count }, (_, index) => [`p${index}`, 'v'.repeat(valueCharacters)]));
}

export const limitRows = {
  'limit-body': async (clients) => {
    const topic = clients.topic();
    // Four megabytes take a while to send and to read on a busy machine.
    const producer = await clients.producer({ requestTimeout: 10_000 });
    const consumer = await clients.simple();
    const body = Buffer.alloc(RECEIVABLE_BODY_BYTES_MAX, 'nomos');
    await producer.send({ topic, body });
    const message = await receiveOne(consumer);
    check(message.body.equals(body) && !message.corrupted, 'the body differs');
    await consumer.ack(message);
    await producer.send({ topic, body: Buffer.alloc(BODY_BYTES_MAX) });
    // The client refuses it itself, by the limit that the server's settings tell it.
    const tooLarge = Buffer.alloc(BODY_BYTES_MAX + 1);
    await expectClientRefusal(/max size=4194304 bytes/, () => producer.send({ topic, body: tooLarge }));
  },

  'limit-empty-body': (clients) =>
    checkRefused(clients, 'MESSAGE_BODY_EMPTY', {}, [{ body: Buffer.alloc(0) }]),

  'limit-tag': (clients) =>
    checkRefused(clients, 'ILLEGAL_MESSAGE_TAG', {}, [{ tag: ' ' }, { tag: 'a|b' }, { tag: 'a\u0001' }]),

  'limit-key': (clients) =>
    checkRefused(clients, 'ILLEGAL_MESSAGE_KEY', {}, [{ keys: [' '] }, { keys: ['sound', 'a\u0001'] }]),

  'limit-property': (clients) =>
    checkRefused(clients, 'ILLEGAL_MESSAGE_PROPERTY_KEY', {}, [
      { properties: new Map([['a\u0001', 'b']]) },
      { properties: new Map([['a', 'b\u0001']]) },
    ]),

  'limit-properties': (clients) =>
    checkRefused(clients, 'MESSAGE_PROPERTIES_TOO_LARGE', { properties: properties(128, 10) }, [
      { properties: properties(129, 1) },
      { properties: properties(17, 1_024) },
    ]),

  'limit-message-group': (clients) =>
    checkRefused(clients, 'ILLEGAL_MESSAGE_GROUP', { messageGroup: 'g'.repeat(63) }, [
      { messageGroup: 'g'.repeat(64) },
      { messageGroup: 'ü'.repeat(32) },
    ]),

  'unknown-topic': async (clients) => {
    // Without a topic at its start the client asks for the route once, not three times.
    const producer = await clients.producer({ topics: [] });
    await expectRefusal('TOPIC_NOT_FOUND', () =>
      producer.send({ topic: clients.topic(), body: Buffer.from('lost') }),
    );
  },

  'unknown-group': (clients) =>
    expectRefusal('CONSUMER_GROUP_NOT_FOUND', async () => {
      const consumer = await clients.simple();
      await consumer.receive(1, 10_000);
    }),

  'type-mismatch': async (clients) => {
    const producer = await clients.producer();
    // The client checks the type itself, by what the route says that the topic accepts.
    await expectClientRefusal(/message type not match/, () =>
      producer.send({ topic: clients.topic(), body: Buffer.from('no group') }),
    );
  },
} satisfies RowPrograms;
