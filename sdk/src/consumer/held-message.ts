import { NomosError } from '@nomos/schemas';
import type { DeliveredMessage } from '../transport/delivered-message.js';
import type { Assignment } from '../transport/query-assignment.js';
import { ReceivedMessage } from './received-message.js';

/** A delivered message that this consumer has the lease of. */
export class HeldMessage {
  readonly message: ReceivedMessage;
  readonly assignment: Assignment;
  /** Changes with each renewal of the lease. */
  receiptHandle: string;
  /** When the broker will deliver the message to another, in milliseconds since 1970. */
  leaseEndsAtMs: number;
  /** A renewal under way; the receipt handle is valid only after it. */
  renewal: Promise<void> | undefined;
  /** Extends whatever else the worker holds, as the lease in an idempotence store; false when that is lost. */
  renewClaim: (() => Promise<boolean>) | undefined;
  readonly #giveRoom: () => void;
  #controller: AbortController | undefined;
  #abortReason: NomosError | undefined;
  #loss: NomosError | undefined;

  constructor(
    delivered: DeliveredMessage,
    assignment: Assignment,
    leaseEndsAtMs: number,
    giveRoom: () => void,
  ) {
    this.message = new ReceivedMessage(delivered);
    this.assignment = assignment;
    this.receiptHandle = delivered.receiptHandle;
    this.leaseEndsAtMs = leaseEndsAtMs;
    this.#giveRoom = giveRoom;
  }

  /** Why the lease is lost; undefined while it is held. */
  get loss(): NomosError | undefined {
    return this.#loss;
  }

  /** Aborted when the work is in vain: with the reason. Made when asked for, since few handlers do. */
  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#abortReason !== undefined) this.#controller.abort(this.#abortReason);
    return this.#controller.signal;
  }

  /** Tells the handler to end; the message stays leased. */
  abort(reason: NomosError): void {
    this.#abortReason ??= reason;
    this.#controller?.abort(reason);
  }

  /** The message now belongs to another, so nothing may be done about it any more. */
  lose(cause: unknown): void {
    if (this.#loss !== undefined) return;
    const text = `The lease of the message ${this.message.id} is lost; the broker delivers it again.`;
    this.#loss = new NomosError('RECEIPT_HANDLE_INVALID', text, { cause });
    this.abort(this.#loss);
  }

  /** Makes room for another message; called once, when the work is over. */
  giveRoom(): void {
    this.#giveRoom();
  }
}
