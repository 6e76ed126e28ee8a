import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger } from '@nomos/schemas';
import { LmdbStore } from '../store/lmdb-store.js';
import { MemoryStore } from '../store/memory-store.js';
import { BrokerCore } from './broker-core.js';
import { defaultTopicTerms, type GroupTerms, type TopicTerms } from './catalog.js';
import { CONSUMER, newMessage, request, settleWith, TOPIC } from './core.spec.support.js';
import type { ReceiveRequest } from './receiving/receiving.js';
import type { Delivery } from './receiving/subscription.js';
import type { MessageToSend, Sent } from './sending/sending.js';
import { SimulatedClock } from './simulated-clock.js';
import type { Store, Table } from './store.js';
import type { CheckBack } from './transactions/transactions.js';

/** The stores that the specs of the core run on. */
export const storeKinds = ['memory', 'LMDB'] as const;
export type StoreKind = (typeof storeKinds)[number];

/** A core on a real or a memory store, under a simulated clock. */
export class TestBroker {
  readonly alive = new Set<string>();
  readonly terms: { -readonly [K in keyof TopicTerms]: TopicTerms[K] } = { ...defaultTopicTerms, queues: 2 };
  readonly groupTerms: { -readonly [K in keyof GroupTerms]: GroupTerms[K] } = {
    maxAttempts: 3,
    broadcasting: false,
  };
  /** The check-backs so far; while `answersChecks` is false no producer is there to be asked. */
  readonly checkBacks: CheckBack[] = [];
  answersChecks = true;
  isRetired = false;
  clock = new SimulatedClock();
  store: Store;
  core: BrokerCore;
  readonly #kind: StoreKind;
  readonly #folder: string;

  private constructor(kind: StoreKind, folder: string) {
    this.#kind = kind;
    this.#folder = folder;
    this.store = kind === 'memory' ? new MemoryStore() : this.#openLmdb();
    this.core = this.#openCore();
  }

  static async open(kind: StoreKind): Promise<TestBroker> {
    return new TestBroker(kind, await mkdtemp(join(tmpdir(), 'nomos-core-')));
  }

  /** How many entries a table has. */
  count(table: Table): number {
    const all = { from: Buffer.alloc(1, 0), to: Buffer.alloc(30, 0xff) };
    return [...this.store.range(table, all)].length;
  }

  async close(): Promise<void> {
    await this.core.close();
    await this.store.close();
    await rm(this.#folder, { recursive: true });
  }

  /** A restart after a kill: nothing is flushed on purpose, and the timers of the killed one are gone. */
  async restart(): Promise<void> {
    this.clock = new SimulatedClock(this.clock.now());
    if (this.#kind === 'LMDB') {
      await this.store.close();
      this.store = this.#openLmdb();
    }
    this.core = this.#openCore();
  }

  /** Lets everything come to an end that is under way. */
  readonly settle = (): Promise<void> => settleWith(this.store);

  async advance(durationMs: number): Promise<void> {
    await this.clock.advance(durationMs, this.settle);
  }

  async sendAll(messages: readonly MessageToSend[], queue?: number): Promise<readonly Sent[]> {
    return await this.core.sending.send({ topic: TOPIC, queue, application: 'paycore', messages });
  }

  async send(ids: readonly string[], options: { queue?: number; tag?: string; messageGroup?: string } = {}) {
    const { queue, tag, messageGroup } = options;
    return await this.sendAll(
      ids.map((id) => newMessage(id, tag, messageGroup)),
      queue,
    );
  }

  receive(options: Partial<ReceiveRequest> = {}): Promise<readonly Delivery[]> {
    return this.core.receiving.receive(request(options)).deliveries;
  }

  async acknowledge(...deliveries: readonly Delivery[]): Promise<boolean[]> {
    const handles = deliveries.map((delivery) => delivery.receiptHandle);
    return await this.core.receiving.acknowledge(CONSUMER, handles);
  }

  #openLmdb(): LmdbStore {
    return LmdbStore.open(join(this.#folder, 'test.mdb'));
  }

  #openCore(): BrokerCore {
    let random = 1;
    return new BrokerCore({
      ...{ store: this.store, clock: this.clock, log: silentLogger, handleKey: Buffer.alloc(32, 7) },
      catalog: {
        topic: (name) => (name === TOPIC && !this.isRetired ? this.terms : undefined),
        consumerGroup: (name) => (name.startsWith('cg-') ? this.groupTerms : undefined),
      },
      randomNumber: () => random++,
      newMessageId: () => `new-${random++}`,
      isClientAlive: (client) => this.alive.has(client),
      checkBack: (question) => {
        if (this.answersChecks) this.checkBacks.push(question);
        return this.answersChecks;
      },
    });
  }
}
