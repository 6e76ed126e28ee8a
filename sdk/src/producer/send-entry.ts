import { NomosError } from '@nomos/schemas';
import type { Receipt } from '../message.js';

/** One message on its way: encoded, with whoever waits for its receipt. It is settled once. */
export class SendEntry {
  readonly topic: string;
  readonly messageId: string;
  /** The message as a field of a SendMessageRequest. */
  readonly bytes: Buffer;
  readonly deadlineMs: number;
  readonly receipt: Promise<Receipt>;
  /** Why the last attempt failed. */
  lastError: NomosError | undefined;
  isSettled = false;
  #resolve: (receipt: Receipt) => void = () => {};
  #reject: (error: NomosError) => void = () => {};

  constructor(topic: string, messageId: string, bytes: Buffer, deadlineMs: number) {
    this.topic = topic;
    this.messageId = messageId;
    this.bytes = bytes;
    this.deadlineMs = deadlineMs;
    this.receipt = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  succeed(offset: number | undefined): void {
    if (this.isSettled) return;
    this.isSettled = true;
    const { messageId, topic } = this;
    this.#resolve(offset === undefined ? { messageId, topic } : { messageId, topic, offset });
  }

  fail(error: NomosError): void {
    if (this.isSettled) return;
    this.isSettled = true;
    this.#reject(error);
  }

  /** Gives up at the deadline. Whether the broker has the message is unknown then, and said so. */
  expire(timeoutMs: number): void {
    const last = this.lastError === undefined ? '' : ` The last failure: ${this.lastError.message}`;
    const text = `The message ${this.messageId} to "${this.topic}" was not acknowledged within ${timeoutMs} ms; it may be stored or not.${last}`;
    const fix =
      'Send it again with the same key, and consume with idempotence by key; then it takes effect once.';
    this.fail(new NomosError('TIMEOUT', text, { fix, cause: this.lastError }));
  }
}
