import { setTimeout as pause } from 'node:timers/promises';
import { apache } from '@nomos/schemas';
import { atMost } from '../../benchmark.js';
import type { BenchClient } from '../bench-client.js';
import { latencies, quantile } from '../latencies.js';
import { receiveAll, sendAll } from '../load.js';
import { MessageSource } from '../message-source.js';
import type { Part } from '../part.js';

const v2 = apache.rocketmq.v2;

const GOAL_MS = 50;
const MESSAGES = 2_000;
const DURATION_MS = 10_000;
/** Until the first message is due; in the meantime all are sent. */
const LEAD_MS = 2_000;
/** The load beside it: a batch every so often, whether those before it are answered or not. */
const LOAD_BATCH = 20;
const LOAD_PAUSE_MS = 10;
const TOPIC = 'lab-bench-delayed-due';
const LOAD_TOPIC = 'lab-bench-delayed-beside';
const GROUP = 'cg-bench-delayed';

/** How late delayed messages reach a consumer that waits for them, while others send. */
export const delayed: Part = {
  name: 'delayed',
  async run({ startBroker }) {
    const broker = await startBroker({
      topics: [{ name: TOPIC, messageType: 'DELAY' }, { name: LOAD_TOPIC }],
      groups: [{ name: GROUP, topic: TOPIC }],
    });
    const producer = broker.connect();
    const consumer = broker.connect();
    const firstDueAtMs = Date.now() + LEAD_MS;
    const dueAtMs = (index: number) => Math.round(firstDueAtMs + (index * DURATION_MS) / MESSAGES);
    const source = new MessageSource({
      topic: TOPIC,
      system: (index) => ({
        messageType: v2.MessageType.DELAY,
        deliveryTimestamp: timestamp(dueAtMs(index)),
        keys: [String(dueAtMs(index))],
      }),
    });
    await sendAll(producer, source, { messages: MESSAGES, batch: 32, lanes: 4 });

    const ended = new AbortController();
    const lateMs: number[] = [];
    const received = receiveAll(
      consumer,
      { group: GROUP, topic: TOPIC },
      { messages: MESSAGES, batch: 32, lanes: 4 },
      (messages) => {
        const nowMs = performance.timeOrigin + performance.now();
        for (const { key } of messages) lateMs.push(nowMs - Number(key));
      },
    ).finally(() => ended.abort());
    const [{ messages, latenciesMs }] = await Promise.all([sendSteadily(producer, ended.signal), received]);
    const seconds = (DURATION_MS + LEAD_MS) / 1000;
    return {
      goals: [
        atMost('lateness of delayed messages under load, p99 in ms', quantile(lateMs, 0.99), GOAL_MS),
        atMost('delayed messages that came early', lateMs.filter((late) => late < 0).length, 0),
      ],
      figures: {
        ...{ ...latencies('late', lateMs), late_ms_max: quantile(lateMs, 1) },
        ...{ load_messages_per_second: messages / seconds, ...latencies('load_send', latenciesMs) },
      },
    };
  },
};

/** Sends at a moderate pace until the signal comes. */
async function sendSteadily(client: BenchClient, signal: AbortSignal) {
  const source = new MessageSource({ topic: LOAD_TOPIC });
  const latenciesMs: number[] = [];
  const failures: unknown[] = [];
  const underWay: Promise<unknown>[] = [];
  const startedAt = performance.now();
  for (let batch = 0; !signal.aborted && failures.length === 0; batch++) {
    const waitMs = startedAt + batch * LOAD_PAUSE_MS - performance.now();
    if (waitMs > 0) await pause(waitMs);
    const beganAt = performance.now();
    const sent = client.send(source.batch(LOAD_BATCH));
    underWay.push(
      sent.then(
        () => latenciesMs.push(performance.now() - beganAt),
        (error: unknown) => failures.push(error),
      ),
    );
  }
  await Promise.all(underWay);
  if (failures.length > 0) throw failures[0];
  return { messages: latenciesMs.length * LOAD_BATCH, latenciesMs };
}

function timestamp(timeMs: number) {
  return { seconds: Math.floor(timeMs / 1000), nanos: (timeMs % 1000) * 1_000_000 };
}
