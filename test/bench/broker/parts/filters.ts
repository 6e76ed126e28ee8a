import type { Filter } from '@nomos/schemas';
import type { BrokerProcess } from '../broker-process.js';
import { figureOf, flatten, interleave } from '../interleave.js';
import { receiveAll, sendAll } from '../load.js';
import { MessageSource } from '../message-source.js';
import type { Part } from '../part.js';

const ROUNDS = 5;
const MESSAGES = 10_000;
const BATCH = 32;
const LANES = 8;
/** One message in so many has the rare tag, and the amount that is asked for. */
const RARE = 10;
const TOPIC = 'lab-bench-filter-sent';

/** Filters that let everything pass, and such that let one message in ten pass. */
const filters: Readonly<Record<string, { readonly filter: Filter; readonly passes: number }>> = {
  none: { filter: { type: 'tag', expression: '*' }, passes: 1 },
  tag_passing_all: { filter: { type: 'tag', expression: 'COMMON || RARE' }, passes: 1 },
  sql_passing_all: { filter: { type: 'sql', expression: "amount > 10 AND region = 'north'" }, passes: 1 },
  tag_passing_tenth: { filter: { type: 'tag', expression: 'RARE' }, passes: 1 / RARE },
  sql_passing_tenth: {
    filter: { type: 'sql', expression: "amount > 1000 AND region = 'north'" },
    passes: 1 / RARE,
  },
};

/** Receiving through a tag filter and through an SQL filter against receiving everything. */
export const filterCost: Part = {
  name: 'filters',
  async run({ startBroker }) {
    const named = Object.entries(filters);
    const broker = await startBroker({
      topics: [{ name: TOPIC }],
      groups: named.map(([name, { filter }]) => ({ name: groupOf(name), topic: TOPIC, filter })),
    });
    const source = new MessageSource({
      topic: TOPIC,
      system: (index) => ({ tag: isRare(index) ? 'RARE' : 'COMMON' }),
      properties: (index) => ({ region: 'north', amount: isRare(index) ? '5000' : '500' }),
    });
    const producer = broker.connect();
    const sent = new Set<number>();
    const turns = named.map(([name, { filter, passes }]) => {
      const receive = receiveThrough(broker, name, filter, passes);
      return [
        name,
        async (round: number) => {
          // Each round is sent once, and every group receives it in its turn.
          if (!sent.has(round))
            await sendAll(producer, source, { messages: MESSAGES, batch: BATCH, lanes: LANES });
          sent.add(round);
          return await receive();
        },
      ] as const;
    });
    const measured = await interleave(ROUNDS, Object.fromEntries(turns));
    const examined = (name: string) => figureOf(measured[name] ?? {}, 'examined_per_second');
    return {
      goals: [],
      figures: {
        ...flatten(measured),
        tag_against_none: examined('tag_passing_all') / examined('none'),
        sql_against_none: examined('sql_passing_all') / examined('none'),
        sql_against_tag_passing_tenth: examined('sql_passing_tenth') / examined('tag_passing_tenth'),
      },
    };
  },
};

function receiveThrough(broker: BrokerProcess, name: string, filter: Filter, passes: number) {
  const consumer = broker.connect();
  const from = { group: groupOf(name), topic: TOPIC, filter };
  return async () => {
    const load = { messages: MESSAGES * passes, batch: BATCH, lanes: LANES };
    const { seconds } = await receiveAll(consumer, from, load);
    return { examined_per_second: MESSAGES / seconds };
  };
}

function isRare(index: number): boolean {
  return index % RARE === 0;
}

function groupOf(name: string): string {
  return `cg-bench-${name.replaceAll('_', '')}`;
}
