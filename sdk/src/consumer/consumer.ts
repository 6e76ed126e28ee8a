import type { Logger } from '@nomos/schemas';
import type { Message } from '../message.js';
import type { Idempotence } from './apply-once.js';
import type { Subscriptions } from './subscription.js';

/** What a handler gets beside its message. */
export interface HandlerContext<Transaction = undefined> {
  /** Aborted when the message's lease is lost, or when the consumer's time to close is over. */
  readonly signal: AbortSignal;
  /** With `postgresInbox`: the connection whose transaction also records the message; otherwise undefined. */
  readonly transaction: Transaction;
}

export interface ConsumerOptions<Transaction = undefined> {
  /** A consumer group that is registered for the application. */
  readonly group: string;
  /** Topics with the messages that are wanted of each; as registered. */
  readonly subscribe: Subscriptions;
  /** Handlers that run at one time; 16 by default. */
  readonly concurrency?: number;
  /** Has each message take effect once, though it may be delivered several times. */
  readonly idempotence?: Idempotence<Transaction>;
  /**
   * How long the broker waits for a sign of life about a message before it delivers it to another, in milliseconds:
   * 10,000 to 43,200,000, by default 30,000. It is renewed while the handler runs, so it limits only how long a
   * crash delays a message.
   */
  readonly invisibleDurationMs?: number;
  /** Handles a message. When it throws, the message is delivered again after the group's delay. */
  readonly handle: (message: Message, context: HandlerContext<Transaction>) => void | Promise<void>;
  /** Told what a handler threw, and, without a message, why receiving fails. What it throws is logged. */
  readonly onError?: (error: unknown, message?: Message) => void;
}

/** Counts since the consumer was started. */
export interface ConsumerStats {
  readonly received: number;
  /** Handlers that ended well. */
  readonly handled: number;
  /** Repeats that were not handled again. */
  readonly suppressed: number;
  /** Deliveries that failed and will be made again. */
  readonly retried: number;
  readonly deadLettered: number;
  /** Messages whose lease was lost while they were worked on; the result does not count. */
  readonly lost: number;
  /** Messages received and not finished yet. */
  readonly inFlight: number;
}

/** A message that was still worked on when the time to close was over. The broker delivers it again. */
export interface UnfinishedMessage {
  readonly id: string;
  readonly topic: string;
  readonly key: string | undefined;
}

export interface CloseReport {
  readonly unfinished: readonly UnfinishedMessage[];
}

/** Receives and handles messages of one consumer group. Made by `Nomos.consumer`. */
export interface Consumer {
  readonly group: string;
  stats(): ConsumerStats;
  /**
   * Stops receiving, gives back what no handler has begun, waits for the handlers and the broker's confirmations,
   * at most `timeoutMs` (10 seconds by default). Then signals those still at work, and tells what is unfinished.
   */
  close(options?: { readonly timeoutMs?: number }): Promise<CloseReport>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Calls a user's `onError`, whose own failure must not stop the consumer. */
export function reportError(
  onError: ConsumerOptions['onError'],
  log: Logger,
  error: unknown,
  message?: Message,
): void {
  try {
    onError?.(error, message);
  } catch (failure) {
    log.error({ err: failure }, 'onError of a consumer threw');
  }
}
