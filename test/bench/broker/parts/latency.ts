import { join } from 'node:path';
import { atMost } from '../../benchmark.js';
import { AppendPath, PlainLmdb, RecordingStore } from '../append-path.js';
import { loadBrokerModules } from '../broker-modules.js';
import { latencies, quantile } from '../latencies.js';
import { MessageSource } from '../message-source.js';
import type { Part } from '../part.js';

const GOAL = 1.5;
const SAMPLES = 4_000;
/** On a slow machine there are fewer. */
const TIME_MS = 15_000;
const WARM_UP = 500;
const TOPIC = 'lab-bench-lone-sent';

/** How long the only client waits for one send, against one flush of the same bytes by LMDB. */
export const latency: Part = {
  name: 'latency',
  async run({ folder, startBroker }) {
    const broker = await startBroker({ topics: [{ name: TOPIC }], groups: [] });
    const client = broker.connect();
    const source = new MessageSource({ topic: TOPIC });
    const recording = new RecordingStore();
    const recorder = new AppendPath(await loadBrokerModules(), recording);
    const lmdb = new PlainLmdb(join(folder, 'lone.mdb'));
    const flushMs: number[] = [];
    const sendMs: number[] = [];
    const callMs: number[] = [];
    try {
      // In turn, message by message, so that each meets the same spells of the machine.
      const startedAt = performance.now();
      for (let sample = -WARM_UP; sample < SAMPLES; sample++) {
        if (flushMs.length > 0 && performance.now() - startedAt > TIME_MS) break;
        await recorder.append(recorder.prepare(source, 1));
        const writes = recording.takeBatches().flat();
        const flush = await timed(() => lmdb.write(writes));
        const send = await timed(() => client.send(source.batch(1)));
        const call = await timed(() => client.queryRoute(TOPIC));
        if (sample < 0) continue;
        flushMs.push(flush);
        sendMs.push(send);
        callMs.push(call);
      }
    } finally {
      await lmdb.close();
    }
    const ratio = (part: number) => quantile(sendMs, part) / quantile(flushMs, part);
    return {
      goals: [
        atMost('send of a lone client / LMDB flush, p50', ratio(0.5), GOAL),
        atMost('send of a lone client / LMDB flush, p99', ratio(0.99), GOAL),
      ],
      figures: {
        samples: flushMs.length,
        ...latencies('flush', flushMs),
        ...latencies('send', sendMs),
        ...latencies('call_without_disk', callMs),
      },
    };
  },
};

async function timed(work: () => Promise<void>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}
