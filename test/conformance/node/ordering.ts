import type { MessageView } from 'rocketmq-client-nodejs';
import { check, checkEqual, checkSame, pause } from './check.js';
import { Inbox } from './inbox.js';
import { receiveOne, receiveUntil } from './receive-until.js';
import type { RowClients } from './row-clients.js';
import type { RowPrograms } from './row-program.js';

const GROUPS = ['A', 'B', 'C', 'D'];
const PER_GROUP = 15;

/** Sends one message after the other, the groups taking turns, and gives the bodies by group. */
async function sendOrdered(clients: RowClients, groups: readonly string[], perGroup: number) {
  const producer = await clients.producer();
  const bodies = new Map(groups.map((group): [string, string[]] => [group, []]));
  for (let index = 0; index < perGroup; index++) {
    for (const [messageGroup, sent] of bodies) {
      const body = `${messageGroup}-${index}`;
      await producer.send({ topic: clients.topic(), messageGroup, body: Buffer.from(body) });
      sent.push(body);
    }
  }
  return bodies;
}

function bodiesOf(messages: readonly MessageView[]): string[] {
  return messages.map((message) => message.body.toString());
}

export const orderingRows = {
  'fifo-push': async (clients) => {
    const inbox = new Inbox();
    // A short wait in the handler would let later messages overtake, if any were handled at the same time.
    await clients.push({ inbox, handle: () => pause(Math.random() * 10).then(() => true) });
    const sent = await sendOrdered(clients, GROUPS, PER_GROUP);
    await inbox.waitFor(GROUPS.length * PER_GROUP);
    for (const [group, bodies] of sent) checkEqual(`order of ${group}`, inbox.bodiesOf(group), bodies);
    const [first] = inbox.deliveries;
    checkEqual('message group', first?.message.messageGroup, first?.body[0]);
  },

  'fifo-simple': async (clients) => {
    const sent = await sendOrdered(clients, GROUPS, PER_GROUP);
    const consumer = await clients.simple();
    const received = await receiveUntil(consumer, GROUPS.length * PER_GROUP);
    for (const [group, bodies] of sent) {
      const own = received.filter(({ messageGroup }) => messageGroup === group);
      checkEqual(
        `order of ${group}`,
        own.map((message) => message.body.toString()),
        bodies,
      );
    }
  },

  'fifo-blocked-push': async (clients) => {
    const inbox = new Inbox();
    const handle = ({ body, attempt }: { body: string; attempt: number }) => body !== 'A-0' || attempt === 3;
    await clients.push({ inbox, handle });
    const sent = await sendOrdered(clients, ['A', 'B', 'C'], 4);
    await inbox.waitFor(14);
    const order = inbox.bodies;
    checkEqual('order of A', inbox.bodiesOf('A'), ['A-0', 'A-0', ...(sent.get('A') ?? [])]);
    for (const group of ['B', 'C']) {
      checkEqual(`order of ${group}`, inbox.bodiesOf(group), sent.get(group));
      check(order.lastIndexOf('A-0') > order.indexOf(`${group}-3`), `${group} waited for A's retries`);
    }
  },

  'fifo-blocked-simple': async (clients) => {
    const sent = await sendOrdered(clients, ['A', 'B'], 3);
    const consumer = await clients.simple();
    const held = await receiveOne(consumer);
    const [own, other] = held.messageGroup === 'A' ? ['A', 'B'] : ['B', 'A'];
    checkEqual('the first message', held.body.toString(), `${own}-0`);
    checkEqual('the other group', bodiesOf(await receiveUntil(consumer, 3)), sent.get(other));
    await consumer.ack(held);
    checkEqual('the held group', bodiesOf(await receiveUntil(consumer, 2)), sent.get(own)?.slice(1));
  },

  'fifo-dead-letter': async (clients) => {
    const inbox = new Inbox();
    await clients.push({ inbox, handle: ({ body }) => body !== 'A-0' });
    await sendOrdered(clients, ['A'], 3);
    await inbox.waitFor(5);
    checkEqual('deliveries', inbox.bodies, ['A-0', 'A-0', 'A-0', 'A-1', 'A-2']);
    const reader = await clients.simple({ group: 'reader', topic: `%DLQ%${clients.group()}` });
    const dead = await receiveOne(reader);
    checkSame('dead letters', [dead.body.toString()], ['A-0']);
    await reader.ack(dead);
  },
} satisfies RowPrograms;
