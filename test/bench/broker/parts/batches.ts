import { atLeast, atMost } from '../../benchmark.js';
import { figureOf, flatten, interleave } from '../interleave.js';
import { latencies } from '../latencies.js';
import { type Measured, perSecond, receiveAll, sendAll } from '../load.js';
import { MessageSource } from '../message-source.js';
import type { Part } from '../part.js';

const ROUNDS = 7;
const LOAD = { messages: 12_800, batch: 32, lanes: 8 };
const TOPIC = 'lab-bench-batch-sent';
const GROUP = 'cg-bench-batch';

/** Receiving and acknowledging batches against sending them. */
export const batches: Part = {
  name: 'batches',
  async run({ startBroker }) {
    const broker = await startBroker({ topics: [{ name: TOPIC }], groups: [{ name: GROUP, topic: TOPIC }] });
    const producer = broker.connect();
    const consumer = broker.connect();
    const source = new MessageSource({ topic: TOPIC });
    const measure = async (work: () => Promise<Measured>) => {
      let measured: Measured | undefined;
      const microseconds = await broker.processorMicroseconds(async () => {
        measured = await work();
      });
      if (measured === undefined) throw new Error('work gives a measurement');
      return {
        messages_per_second: perSecond(measured),
        ...latencies('batch', measured.latenciesMs),
        broker_microseconds_per_message: microseconds / measured.messages,
      };
    };
    const variants = await interleave(ROUNDS, {
      send: () => measure(() => sendAll(producer, source, LOAD)),
      receive: () => measure(() => receiveAll(consumer, { group: GROUP, topic: TOPIC }, LOAD)),
    });
    const ratio = (figure: string) => figureOf(variants.receive, figure) / figureOf(variants.send, figure);
    return {
      goals: [
        atLeast('receive + ack / send of a batch, rate', ratio('messages_per_second'), 1),
        atMost('receive + ack / send of a batch, p50', ratio('batch_ms_p50'), 1),
      ],
      figures: flatten(variants),
    };
  },
};
