import { type Logger, NomosError, type RetryPolicy } from '@nomos/schemas';
import { Acknowledger } from './acknowledger.js';
import { applyOnce, type Outcome } from './apply-once.js';
import { type ConsumerOptions, type HandlerContext, reportError } from './consumer.js';
import type { DeliveryBroker } from './delivery-broker.js';
import type { HeldMessage } from './held-message.js';
import { LeaseKeeper } from './lease-keeper.js';
import { retryDelayMs } from './retry-policy.js';

export interface WorkerParts<Transaction> {
  readonly options: ConsumerOptions<Transaction>;
  readonly concurrency: number;
  readonly invisibleDurationMs: number;
  readonly broker: DeliveryBroker;
  /** Names this consumer in idempotence stores; no other may have the name. */
  readonly owner: string;
  readonly log: Logger;
  policy(): RetryPolicy;
}

/** What a handler gets beside its message. */
class HeldContext<Transaction> implements HandlerContext<Transaction> {
  readonly transaction: Transaction;
  readonly #held: HeldMessage;

  constructor(held: HeldMessage, transaction: Transaction) {
    this.#held = held;
    this.transaction = transaction;
  }

  get signal(): AbortSignal {
    return this.#held.signal;
  }
}

/** Hands messages to the handler, so many at a time, and tells the broker what became of them. */
export class MessageWorker<Transaction> {
  readonly #parts: WorkerParts<Transaction>;
  readonly #leases: LeaseKeeper;
  readonly #acknowledger: Acknowledger;
  /** Received, in order, and not begun. */
  #waiting: HeldMessage[] = [];
  readonly #running = new Set<HeldMessage>();
  /** Messages that were begun and of which the broker does not know the end yet. */
  #unsettled = 0;
  readonly counts = { received: 0, handled: 0, suppressed: 0, retried: 0, deadLettered: 0, lost: 0 };
  #isStopped = false;
  #idleListeners: (() => void)[] = [];

  constructor(parts: WorkerParts<Transaction>) {
    this.#parts = parts;
    const { broker, invisibleDurationMs } = parts;
    this.#leases = new LeaseKeeper(invisibleDurationMs, (held) => broker.renew(held, invisibleDurationMs));
    this.#acknowledger = new Acknowledger(broker.acknowledge);
  }

  get inFlight(): number {
    return this.#waiting.length + this.#running.size;
  }

  get running(): readonly HeldMessage[] {
    return [...this.#running];
  }

  add(held: HeldMessage): void {
    this.counts.received++;
    this.#leases.keep(held);
    this.#waiting.push(held);
    this.#dispatch();
  }

  /** Begins no more, and gives back what is not begun. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    const { broker, log } = this.#parts;
    await Promise.all(
      this.#waiting.splice(0).map(async (held) => {
        await this.#leases.letGo(held);
        held.giveRoom();
        await broker.giveBack(held).catch((error: unknown) => {
          log.debug(
            { code: NomosError.from(error).code },
            'a message could not be given back; its lease ends soon',
          );
        });
      }),
    );
  }

  /** Resolves when no handler runs and the broker has been told of every end. */
  idle(): Promise<void> {
    if (this.#isIdle()) return Promise.resolve();
    return new Promise((resolve) => this.#idleListeners.push(resolve));
  }

  /** Signals all handlers that still run. */
  abort(reason: NomosError): void {
    for (const held of this.#running) held.abort(reason);
    this.#leases.close();
  }

  #dispatch(): void {
    while (!this.#isStopped && this.#running.size < this.#parts.concurrency) {
      const held = this.#waiting.shift();
      if (held === undefined) return;
      // Its lease ended while it waited: another has it.
      if (held.loss !== undefined) {
        this.counts.lost++;
        held.giveRoom();
        continue;
      }
      this.#running.add(held);
      this.#work(held);
    }
  }

  async #work(held: HeldMessage): Promise<void> {
    this.#unsettled++;
    let outcome: Outcome | undefined;
    let failure: unknown;
    try {
      outcome = await this.#apply(held);
    } catch (error) {
      failure = error;
    }
    this.#running.delete(held);
    held.giveRoom();
    this.#dispatch();
    try {
      await this.#settle(held, outcome, failure);
    } catch (error) {
      this.#parts.log.error({ err: error, messageId: held.message.id }, 'a message could not be settled');
    }
    this.#unsettled--;
    if (this.#isIdle()) for (const listener of this.#idleListeners.splice(0)) listener();
  }

  #isIdle(): boolean {
    return this.#unsettled === 0 && this.#waiting.length === 0;
  }

  #apply(held: HeldMessage): Promise<Outcome> {
    const { options, owner } = this.#parts;
    const { idempotence, group } = options;
    if (idempotence === undefined) return this.#handle(held, undefined);
    const work = (transaction: Transaction | undefined) => this.#handle(held, transaction);
    return applyOnce(idempotence, { group, owner }, held, work);
  }

  async #handle(held: HeldMessage, transaction: Transaction | undefined): Promise<'handled'> {
    // Without an inbox the type of `transaction` says that there is none.
    const context = new HeldContext(held, transaction as Transaction);
    await this.#parts.options.handle(held.message, context);
    return 'handled';
  }

  /** Tells the broker; the handler's slot is free by now. */
  async #settle(held: HeldMessage, outcome: Outcome | undefined, failure: unknown): Promise<void> {
    const { log } = this.#parts;
    const renewal = this.#leases.letGo(held);
    if (renewal !== undefined) await renewal;
    if (held.loss !== undefined) {
      this.counts.lost++;
      log.warn({ messageId: held.message.id, topic: held.message.topic }, held.loss.message);
      return;
    }
    if (outcome === undefined) return this.#fail(held, failure);
    if (outcome === 'busy') return this.#deliverAgain(held);
    this.counts[outcome]++;
    const error = await this.#acknowledger.acknowledge(held);
    if (error === undefined) return;
    const fields = { code: error.code, messageId: held.message.id, topic: held.message.topic };
    log.warn(fields, 'a handled message could not be acknowledged and will be delivered again');
  }

  async #fail(held: HeldMessage, failure: unknown): Promise<void> {
    const { options, log, policy } = this.#parts;
    const { id, topic, deliveryAttempt } = held.message;
    const { maxAttempts } = policy();
    log.warn(
      { err: failure, messageId: id, topic, deliveryAttempt, maxAttempts },
      'a message was not handled',
    );
    reportError(options.onError, log, failure, held.message);
    if (deliveryAttempt < maxAttempts) return this.#deliverAgain(held);
    await this.#tell(held, 'deadLettered', () => this.#parts.broker.bury(held, maxAttempts));
  }

  #deliverAgain(held: HeldMessage): Promise<void> {
    const delayMs = retryDelayMs(this.#parts.policy(), held.message.deliveryAttempt);
    return this.#tell(held, 'retried', () => this.#parts.broker.deliverAgain(held, delayMs));
  }

  async #tell(
    held: HeldMessage,
    what: 'retried' | 'deadLettered',
    action: () => Promise<void>,
  ): Promise<void> {
    try {
      await action();
      this.counts[what]++;
    } catch (error) {
      // Untold, the message comes again when its lease ends.
      this.counts.lost++;
      const { code, message } = NomosError.from(error);
      this.#parts.log.warn({ code, error: message, messageId: held.message.id }, `a message was not ${what}`);
    }
  }
}
