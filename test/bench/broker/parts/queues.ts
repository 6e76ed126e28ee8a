import { flatten, interleave } from '../interleave.js';
import { MessageSource } from '../message-source.js';
import type { Part } from '../part.js';
import { sendAndReceive } from '../turn.js';

const ROUNDS = 3;
const LOAD = { messages: 6_400, batch: 32, lanes: 8 };
const QUEUES = [1, 4, 16, 64];

/** What the number of a topic's queues costs. */
export const queues: Part = {
  name: 'queues',
  async run({ startBroker }) {
    const topicOf = (count: number) => `lab-bench-queues${count}-sent`;
    const groupOf = (count: number) => `cg-bench-queues${count}`;
    const broker = await startBroker({
      topics: QUEUES.map((count) => ({ name: topicOf(count), queues: count })),
      groups: QUEUES.map((count) => ({ name: groupOf(count), topic: topicOf(count) })),
    });
    const variants = QUEUES.map((count) => {
      const from = { topic: topicOf(count), group: groupOf(count) };
      const source = new MessageSource({ topic: from.topic });
      return [String(count), sendAndReceive(broker, source, from, LOAD)] as const;
    });
    return { goals: [], figures: flatten(await interleave(ROUNDS, Object.fromEntries(variants))) };
  },
};
