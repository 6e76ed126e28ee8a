import type { BrokerProcess } from '../broker-process.js';
import { flatten, interleave } from '../interleave.js';
import { receiveAll, sendAll } from '../load.js';
import { MessageSource } from '../message-source.js';
import type { Part } from '../part.js';

const ROUNDS = 2;
const MESSAGES = 2_560;
const BATCH = 32;
const SEND_LANES = 4;
/** Receives under way for each group. */
const GROUP_LANES = 2;
const GROUPS = [1, 4, 16];

/** What the number of consumer groups costs, all of which receive while messages are sent. */
export const groups: Part = {
  name: 'groups',
  async run({ startBroker }) {
    const broker = await startBroker({
      topics: GROUPS.map((count) => ({ name: topicOf(count) })),
      groups: GROUPS.flatMap((count) => {
        return groupsOf(count).map((name) => ({ name, topic: topicOf(count) }));
      }),
    });
    const variants = GROUPS.map((count) => [String(count), fanOut(broker, count)] as const);
    return { goals: [], figures: flatten(await interleave(ROUNDS, Object.fromEntries(variants))) };
  },
};

/** Sends messages while every group receives all of them. */
function fanOut(broker: BrokerProcess, count: number) {
  const topic = topicOf(count);
  const source = new MessageSource({ topic });
  const producer = broker.connect();
  const consumers = groupsOf(count).map((group) => ({ group, client: broker.connect() }));
  return async () => {
    const startedAt = performance.now();
    const received = consumers.map(({ group, client }) => {
      return receiveAll(client, { group, topic }, { messages: MESSAGES, batch: BATCH, lanes: GROUP_LANES });
    });
    const sent = sendAll(producer, source, { messages: MESSAGES, batch: BATCH, lanes: SEND_LANES });
    await Promise.all([sent, ...received]);
    const perSecond = MESSAGES / ((performance.now() - startedAt) / 1000);
    return { messages_per_second: perSecond, deliveries_per_second: perSecond * count };
  };
}

function topicOf(count: number): string {
  return `lab-bench-groups${count}-sent`;
}

function groupsOf(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `cg-bench-of${count}x${index}`);
}
