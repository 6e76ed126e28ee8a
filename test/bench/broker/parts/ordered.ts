import { apache } from '@nomos/schemas';
import { flatten, interleave } from '../interleave.js';
import { MessageSource } from '../message-source.js';
import type { Part } from '../part.js';
import { sendAndReceive } from '../turn.js';

const { MessageType } = apache.rocketmq.v2;

const ROUNDS = 3;
const LOAD = { messages: 6_400, batch: 32, lanes: 8 };
const GROUP = 'cg-bench-ordered';
/** Message groups among which the messages are spread; of unordered ones there is none. */
const variants = { unordered: 0, thousand_groups: 1_000, hot_group: 1 } as const;

/** Ordered messages, of many message groups and of a single one, against unordered ones. */
export const ordered: Part = {
  name: 'ordered',
  async run({ startBroker }) {
    const loads = Object.entries(variants).map(([name, messageGroups]) => {
      return { name, messageGroups, topic: `lab-bench-${name.replace('_', '')}-sent` };
    });
    const broker = await startBroker({
      topics: loads.map(({ topic, messageGroups }) => {
        return { name: topic, messageType: messageGroups > 0 ? 'FIFO' : 'NORMAL' };
      }),
      groups: loads.map(({ topic, name }) => ({ name: groupOf(name), topic })),
    });
    const turns = loads.map(({ name, topic, messageGroups }) => {
      const system = (index: number) => ({
        ...{ messageType: MessageType.FIFO, messageGroup: `account-${index % messageGroups}` },
      });
      const source = new MessageSource({ topic, ...(messageGroups > 0 ? { system } : {}) });
      return [name, sendAndReceive(broker, source, { topic, group: groupOf(name) }, LOAD)] as const;
    });
    return { goals: [], figures: flatten(await interleave(ROUNDS, Object.fromEntries(turns))) };
  },
};

function groupOf(name: string): string {
  return `${GROUP}${name.replace('_', '')}`;
}
