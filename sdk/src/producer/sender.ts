import { setTimeout as pause } from 'node:timers/promises';
import { limits, NomosError } from '@nomos/schemas';
import { backOffMs } from '../back-off.js';
import { Coalescer } from '../coalescer.js';
import type { SendResult } from '../transport/send-messages.js';
import { isRetriable } from '../transport/status.js';
import { Deadlines } from './deadlines.js';
import { SendCapacity } from './send-capacity.js';
import type { SendEntry } from './send-entry.js';

/** SendMessage calls of one topic under way; more of them only make batches smaller. */
const CALLS_IN_FLIGHT = 2;
/** What may be on its way; a send beyond it waits, which slows its caller down. */
const CAPACITY = { messages: 20_000, bytes: 64 * 1024 * 1024 } as const;

/** The way out: what the sender needs of the transport. */
export interface Outlet {
  /** Sends encoded messages of one topic; the results are in their order. Throws when the call as a whole fails. */
  send(topic: string, messages: readonly Buffer[], timeoutMs: number): Promise<SendResult[]>;
  /** Told after a failure, before the next attempt. */
  failed(topic: string): void;
}

/** Sends encoded messages: together with others of the topic, again after a failure, until their deadline. */
export class Sender {
  readonly #outlet: Outlet;
  readonly #topics = new Map<string, Coalescer<SendEntry>>();
  readonly #capacity = new SendCapacity(CAPACITY);
  readonly #deadlines: Deadlines<SendEntry>;

  constructor(outlet: Outlet, timeoutMs: number) {
    this.#outlet = outlet;
    this.#deadlines = new Deadlines((entry) => entry.expire(timeoutMs));
  }

  /** Messages on their way. */
  get pending(): number {
    return this.#capacity.messages;
  }

  /** Takes the message; its receipt tells the result. */
  add(entry: SendEntry): void {
    this.#deadlines.watch(entry);
    const { length } = entry.bytes;
    if (this.#capacity.tryTake(length)) this.#coalescer(entry.topic).add(entry);
    else this.#capacity.wait(length, () => this.#coalescer(entry.topic).add(entry));
  }

  /** Resolves when every message is settled: at the latest at the last one's deadline. */
  async idle(): Promise<void> {
    while (this.pending > 0) await Promise.all([...this.#topics.values()].map((topic) => topic.idle()));
    this.#deadlines.close();
  }

  /** Gives up on everything that is not acknowledged yet. */
  expireAll(): void {
    this.#deadlines.expireAll();
  }

  #coalescer(topic: string): Coalescer<SendEntry> {
    let coalescer = this.#topics.get(topic);
    if (coalescer === undefined) {
      coalescer = new Coalescer({
        batchesInFlight: CALLS_IN_FLIGHT,
        batchItems: limits.sendBatchMessages,
        batchBytes: limits.sendBatchBytes,
        bytesOf: (entry) => entry.bytes.length,
        send: (batch) => this.#sendBatch(topic, batch),
      });
      this.#topics.set(topic, coalescer);
    }
    return coalescer;
  }

  /** Sends a batch until each of its messages is settled. The ids stay, so that a repeat can be recognised. */
  async #sendBatch(topic: string, batch: readonly SendEntry[]): Promise<void> {
    let left = batch.filter((entry) => !entry.isSettled);
    for (let attempt = 1; left.length > 0; attempt++) {
      left = await this.#attempt(topic, left);
      if (left.length === 0) break;
      this.#outlet.failed(topic);
      await pause(backOffMs(attempt));
      left = left.filter((entry) => !entry.isSettled);
    }
    for (const entry of batch) this.#capacity.give(entry.bytes.length);
  }

  /** One call for these messages; the answer is those that are worth another. */
  async #attempt(topic: string, entries: readonly SendEntry[]): Promise<SendEntry[]> {
    const again: SendEntry[] = [];
    try {
      const latestMs = entries.reduce((latest, { deadlineMs }) => Math.max(latest, deadlineMs), 0);
      const messages = entries.map(({ bytes }) => bytes);
      const results = await this.#outlet.send(topic, messages, Math.max(1, latestMs - Date.now()));
      for (const [index, entry] of entries.entries()) {
        const { error, offset } = results[index] ?? {};
        if (error === undefined) entry.succeed(offset);
        else if (settleFailure(entry, error)) again.push(entry);
      }
    } catch (thrown) {
      const error = NomosError.from(thrown);
      for (const entry of entries) if (settleFailure(entry, error)) again.push(entry);
    }
    return again;
  }
}

/** Notes a failure; true if the message is to be tried again. */
function settleFailure(entry: SendEntry, error: NomosError): boolean {
  if (entry.isSettled) return false;
  entry.lastError = error;
  if (isRetriable(error)) return true;
  entry.fail(error);
  return false;
}
