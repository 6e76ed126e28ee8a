import type { BenchClient, ReceiveCall, Received, Subscribed } from './bench-client.js';
import type { MessageSource } from './message-source.js';

/** How much is to be done, and how. */
export interface Load {
  readonly messages: number;
  /** Messages in one call. */
  readonly batch: number;
  /** Calls in flight at a time. */
  readonly lanes: number;
}

/** What was done, in which time. */
export interface Measured {
  readonly messages: number;
  readonly seconds: number;
  /** Of each batch: sent; or received and acknowledged. */
  readonly latenciesMs: readonly number[];
}

export function perSecond({ messages, seconds }: Measured): number {
  return messages / seconds;
}

/** Sends messages, each batch as soon as one before it is durable. */
export async function sendAll(client: BenchClient, source: MessageSource, load: Load): Promise<Measured> {
  const latenciesMs: number[] = [];
  const startedAt = performance.now();
  let left = load.messages;
  await inLanes(load.lanes, async () => {
    while (left > 0) {
      const batch = Math.min(load.batch, left);
      left -= batch;
      const beganAt = performance.now();
      await client.send(source.batch(batch));
      latenciesMs.push(performance.now() - beganAt);
    }
  });
  return { messages: load.messages, seconds: secondsSince(startedAt), latenciesMs };
}

/** Receives and acknowledges until so many messages are acknowledged, or a few more. */
export async function receiveAll(
  client: BenchClient,
  from: Subscribed,
  load: Load,
  look: (received: readonly Received[]) => void = () => {},
): Promise<Measured> {
  const latenciesMs: number[] = [];
  const waiting = new Set<ReceiveCall>();
  const startedAt = performance.now();
  let done = 0;
  await inLanes(load.lanes, async () => {
    while (done < load.messages) {
      const beganAt = performance.now();
      const call = client.receive(from, load.batch);
      waiting.add(call);
      const received = await call.messages;
      waiting.delete(call);
      if (received.length === 0) continue;
      look(received);
      await client.acknowledge(from, received);
      latenciesMs.push(performance.now() - beganAt);
      done += received.length;
      // The other lanes may wait for messages that will never come.
      if (done >= load.messages) for (const other of waiting) other.cancel();
    }
  });
  return { messages: done, seconds: secondsSince(startedAt), latenciesMs };
}

async function inLanes(lanes: number, lane: () => Promise<void>): Promise<void> {
  await Promise.all(Array.from({ length: lanes }, lane));
}

function secondsSince(startedAt: number): number {
  return (performance.now() - startedAt) / 1000;
}
