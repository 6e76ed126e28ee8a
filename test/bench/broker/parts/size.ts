import { flatten, interleave } from '../interleave.js';
import { MessageSource } from '../message-source.js';
import type { Part } from '../part.js';
import { sendAndReceive } from '../turn.js';

const ROUNDS = 3;
const LANES = 4;
/** Body size, how many messages a round, and how many in one call, which holds at most 4 MiB. */
const sizes = [
  { name: '64_b', bodyBytes: 64, messages: 6_400, batch: 32 },
  { name: '1_kib', bodyBytes: 1024, messages: 6_400, batch: 32 },
  { name: '64_kib', bodyBytes: 64 * 1024, messages: 256, batch: 32 },
  { name: '1_mib', bodyBytes: 1024 * 1024, messages: 32, batch: 4 },
] as const;

/** What the size of a message costs. */
export const size: Part = {
  name: 'size',
  async run({ startBroker }) {
    const subscribed = sizes.map(({ name }) => {
      const word = name.replace('_', '');
      return { topic: `lab-bench-size${word}-sent`, group: `cg-bench-size${word}` };
    });
    const broker = await startBroker({
      topics: subscribed.map(({ topic }) => ({ name: topic })),
      groups: subscribed.map(({ topic, group }) => ({ name: group, topic })),
    });
    const variants = sizes.map(({ name, bodyBytes, messages, batch }, index) => {
      const from = subscribed[index] ?? { topic: '', group: '' };
      const source = new MessageSource({ topic: from.topic, bodyBytes });
      return [name, sendAndReceive(broker, source, from, { messages, batch, lanes: LANES })] as const;
    });
    return { goals: [], figures: flatten(await interleave(ROUNDS, Object.fromEntries(variants))) };
  },
};
