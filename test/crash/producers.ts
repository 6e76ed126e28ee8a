import { setTimeout as pause } from 'node:timers/promises';
import { apache } from '@nomos/schemas';
import { TOPICS } from './catalog.js';
import type { Entry, Ledger } from './ledger.js';
import type { RawClient } from './raw-client.js';

const { Code, MessageType } = apache.rocketmq.v2;

const BATCH = 20;
const ORDERED_LANES = 6;
/** Pauses, so that the consumers keep up and delays are measured on a broker that is busy, not overrun. */
const PAUSE_MS = 10;
const RETRY_PAUSE_MS = 20;
const DELAY_MS_MIN = 200;
const DELAY_MS_MAX = 4_000;
/** When the broker asks about a transaction that its sender has forgotten. */
const FIRST_CHECK_SECONDS = 2;

/** Producers of all message types; each goes on after a call that broke, with another message. */
export class Producers {
  readonly #ledger: Ledger;
  readonly #random: () => number;
  readonly #connect: (name: string) => RawClient;
  readonly #decisions = new Map<string, 'commit' | 'rollback'>();
  readonly #lanes: Promise<void>[] = [];
  #isStopped = false;
  #isClosed = false;

  constructor(ledger: Ledger, random: () => number, connect: (name: string) => RawClient) {
    this.#ledger = ledger;
    this.#random = random;
    this.#connect = connect;
  }

  start(): void {
    for (const lane of [1, 2]) this.#run(`normal-${lane}`, (client, id) => this.#sendNormal(client, id));
    for (let lane = 1; lane <= ORDERED_LANES; lane++)
      this.#run(`account-${lane}`, (client, id, number) =>
        this.#sendOrdered(client, id, number, `account-${lane}`),
      );
    this.#run('delayed', (client, id) => this.#sendDelayed(client, id));
    for (const lane of [1, 2]) this.#run(`half-${lane}`, (client, id) => this.#sendTransaction(client, id));
    this.#answerCheckBacks(this.#connect('producer-check-backs'));
  }

  /** Ends the sending; check-backs are still answered. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await Promise.all(this.#lanes);
  }

  close(): void {
    this.#isClosed = true;
  }

  #run(name: string, send: (client: RawClient, id: string, number: number) => Promise<void>): void {
    const client = this.#connect(`producer-${name}`);
    const loop = async () => {
      for (let number = 0; !this.#isStopped; number++) {
        await send(client, `${name}-${number}`, number).catch(() => pause(RETRY_PAUSE_MS));
        await pause(PAUSE_MS);
      }
    };
    this.#lanes.push(loop());
  }

  async #sendNormal(client: RawClient, id: string): Promise<void> {
    const entries = Array.from({ length: BATCH }, (_, index) =>
      this.#ledger.begin(`${id}-${index}`, TOPICS.normal),
    );
    const results = await client.send(
      entries.map((entry) => message(entry, { messageType: MessageType.NORMAL })),
    );
    for (const [index, entry] of entries.entries())
      entry.isConfirmed = results[index]?.status?.code === Code.OK;
  }

  async #sendOrdered(client: RawClient, id: string, number: number, messageGroup: string): Promise<void> {
    const entry = this.#ledger.begin(id, TOPICS.ordered, { messageGroup, number });
    const [result] = await client.send([message(entry, { messageType: MessageType.FIFO, messageGroup })]);
    entry.isConfirmed = result?.status?.code === Code.OK;
  }

  async #sendDelayed(client: RawClient, id: string): Promise<void> {
    const delayMs = DELAY_MS_MIN + Math.floor(this.#random() * (DELAY_MS_MAX - DELAY_MS_MIN));
    const deliverAtMs = Date.now() + delayMs;
    const entry = this.#ledger.begin(id, TOPICS.delayed, { deliverAtMs });
    const seconds = Math.floor(deliverAtMs / 1000);
    const deliveryTimestamp = { seconds, nanos: (deliverAtMs - seconds * 1000) * 1_000_000 };
    const [result] = await client.send([
      message(entry, { messageType: MessageType.DELAY, deliveryTimestamp }),
    ]);
    entry.isConfirmed = result?.status?.code === Code.OK;
  }

  /** A fifth of the transactions is forgotten by their sender, to be committed by a check-back. */
  async #sendTransaction(client: RawClient, id: string): Promise<void> {
    const fate = this.#random();
    const decision = fate < 0.25 ? 'rollback' : 'commit';
    const entry = this.#ledger.begin(id, TOPICS.transactional, { isTransaction: true });
    const recovery = { orphanedTransactionRecoveryDuration: { seconds: FIRST_CHECK_SECONDS } };
    const half = message(entry, { messageType: MessageType.TRANSACTION, ...recovery });
    const [result] = await client.send([half]);
    if (result?.status?.code !== Code.OK) return;
    // From here on the message must come if that was decided, whoever tells the broker.
    this.#decisions.set(id, decision);
    entry.isConfirmed = decision === 'commit';
    if (fate < 0.8) await this.#end(client, entry, result.transactionId ?? '', decision);
  }

  async #end(client: RawClient, entry: Entry, transactionId: string, decision: 'commit' | 'rollback') {
    while (!this.#isClosed) {
      if (decision === 'commit') entry.commitWasAsked = true;
      try {
        // An unknown transaction has ended before: this call or an answer to a check-back broke off too late.
        await client.endTransaction(entry.topic, transactionId, decision);
        return;
      } catch {
        await pause(RETRY_PAUSE_MS);
      }
    }
  }

  #answerCheckBacks(client: RawClient): void {
    const listen = () => {
      client.listen(
        [TOPICS.transactional],
        ({ systemProperties }, transactionId) => {
          const entry = this.#ledger.entries.get(systemProperties?.messageId ?? '');
          // A half message whose sender got no answer was not decided, so it is taken back.
          if (entry !== undefined)
            void this.#end(client, entry, transactionId, this.#decisions.get(entry.id) ?? 'rollback');
        },
        () => {
          if (!this.#isClosed) setTimeout(listen, RETRY_PAUSE_MS);
        },
      );
    };
    listen();
  }
}

function message(
  { id, topic }: Entry,
  system: apache.rocketmq.v2.ISystemProperties,
): apache.rocketmq.v2.IMessage {
  const body = Buffer.from(`body of ${id}`);
  return { topic: { name: topic }, body, systemProperties: { messageId: id, keys: [id], ...system } };
}
