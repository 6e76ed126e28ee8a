import { atLeast } from '../../benchmark.js';
import { figureOf, flatten, interleave } from '../interleave.js';
import { perSecond, sendAll } from '../load.js';
import { MessageSource } from '../message-source.js';
import type { Part } from '../part.js';
import { sendAndReceive } from '../turn.js';

const GOAL = 0.9;
const ROUNDS = 6;
const LOAD = { messages: 9_600, batch: 32, lanes: 8 };
const FILL = { batch: 256, lanes: 4 };
const FILL_STEPS = 10;
const TOPIC = 'lab-bench-backlog-kept';
const GROUP = 'cg-bench-backlog';
const FROM = { group: GROUP, topic: TOPIC };
const MEBIBYTE = 1024 * 1024;

/** Sends and receives at a broker with a backlog against one without, both running at the same time. */
export const backlog: Part = {
  name: 'backlog',
  async run({ startBroker, backlogMessages, note }) {
    const catalog = { topics: [{ name: TOPIC }], groups: [{ name: GROUP, topic: TOPIC }] };
    const empty = await startBroker(catalog);
    const loaded = await startBroker(catalog);
    const source = new MessageSource({ topic: TOPIC });
    const before = await loaded.usage();
    const filler = loaded.connect();
    const stepRates: number[] = [];
    for (let step = 1; step <= FILL_STEPS; step++) {
      const messages = Math.ceil(backlogMessages / FILL_STEPS);
      const rate = perSecond(await sendAll(filler, source, { messages, ...FILL }));
      stepRates.push(rate);
      note(`backlog: ${step * messages} unread messages, ${Math.round(rate)} a second`);
    }
    const after = await loaded.usage();
    const variants = await interleave(ROUNDS, {
      empty: sendAndReceive(empty, new MessageSource({ topic: TOPIC }), FROM, LOAD),
      // What it receives are the oldest messages.
      loaded: sendAndReceive(loaded, source, FROM, LOAD),
    });
    const ratio = (figure: string) => figureOf(variants.loaded, figure) / figureOf(variants.empty, figure);
    return {
      goals: [
        atLeast('send rate: with a backlog / without', ratio('send_per_second'), GOAL),
        atLeast('receive rate: with a backlog / without', ratio('receive_per_second'), GOAL),
      ],
      figures: {
        messages: backlogMessages,
        ...flatten(variants),
        fill_first_tenth_per_second: stepRates[0] ?? 0,
        fill_last_tenth_per_second: stepRates.at(-1) ?? 0,
        resident_mib_before_filling: before.residentBytes / MEBIBYTE,
        resident_mib_after_filling: after.residentBytes / MEBIBYTE,
        own_mib_before_filling: before.ownBytes / MEBIBYTE,
        own_mib_after_filling: after.ownBytes / MEBIBYTE,
      },
    };
  },
};
