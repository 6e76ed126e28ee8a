import {
  ConsumeResult,
  FilterExpression,
  type MessageView,
  Producer,
  type ProducerOptions,
  PushConsumer,
  SimpleConsumer,
} from 'rocketmq-client-nodejs';
import type { Plan, PlannedRow } from '../plan.js';
import type { Delivery, Inbox } from './inbox.js';

/** The client writes a log file into the home folder unless it is given a logger. */
const logger = { debug() {}, info() {}, warn() {}, error() {}, close() {} };

/** RocketMQ polls for 5 s at least. */
const AWAIT_MS = 5_000;

export interface ConsumerChoice {
  /** The row's words; `main` if they are not given. */
  readonly group?: string;
  readonly topic?: string;
  readonly filter?: FilterExpression | undefined;
}

export interface PushChoice extends ConsumerChoice {
  readonly inbox: Inbox;
  /** True, also later, for a message that was handled; the default. */
  readonly handle?: (delivery: Delivery) => boolean | Promise<boolean>;
}

/** The official clients that one row opens, with the names and access of its plan. */
export class RowClients {
  readonly plan: Plan;
  readonly row: PlannedRow;
  readonly #changes: Partial<ConnectionOptions>;
  readonly #closers: (() => Promise<void>)[] = [];

  constructor(plan: Plan, row: PlannedRow, changes: Partial<ConnectionOptions> = {}) {
    this.plan = plan;
    this.row = row;
    this.#changes = changes;
  }

  /** The same row with other options for its connections; both are closed by the first. */
  with(changes: Partial<ConnectionOptions>): RowClients {
    const clients = new RowClients(this.plan, this.row, changes);
    this.#closers.push(() => clients.close());
    return clients;
  }

  topic(word = 'main'): string {
    return nameOf(this.row.topics, word);
  }

  group(word = 'main'): string {
    return nameOf(this.row.groups, word);
  }

  /** A started producer. */
  async producer(options: Partial<ProducerOptions> = {}): Promise<Producer> {
    const producer = new Producer({ ...this.#connection(), topics: [this.topic()], ...options });
    this.#closers.push(() => producer.shutdown());
    await producer.startup();
    return producer;
  }

  /** A started simple consumer. The client can hang with several topics at start, so it gets one. */
  async simple({ group, topic, filter }: ConsumerChoice = {}): Promise<SimpleConsumer> {
    const consumer = new SimpleConsumer({
      ...{ ...this.#connection(), consumerGroup: this.group(group), awaitDuration: AWAIT_MS },
      subscriptions: new Map([[topic ?? this.topic(), filter ?? FilterExpression.SUB_ALL]]),
    });
    this.#closers.push(() => consumer.shutdown());
    await consumer.startup();
    return consumer;
  }

  /** A started push consumer; its deliveries go to the inbox before they are handled. */
  async push({ group, topic, filter, inbox, handle = () => true }: PushChoice): Promise<PushConsumer> {
    const consume = async (message: MessageView) =>
      (await handle(inbox.add(message))) ? ConsumeResult.SUCCESS : ConsumeResult.FAILURE;
    const consumer = new PushConsumer({
      ...{ ...this.#connection(), consumerGroup: this.group(group), enableFifoConsumeAccelerator: true },
      subscriptions: new Map([[topic ?? this.topic(), filter ?? FilterExpression.SUB_ALL]]),
      messageListener: { consume },
    });
    // Its shutdown waits for a long poll of up to 20 s.
    this.#closers.push(() => consumer.shutdown());
    await consumer.startup();
    return consumer;
  }

  /** Closes what the row opened, without waiting for what takes long; a refused client may fail to close. */
  async close(): Promise<void> {
    for (const close of this.#closers) void close().catch(() => {});
  }

  #connection() {
    const { endpoint, accessKey, secretKey, tls } = this.plan;
    const own = { sslEnabled: tls, sessionCredentials: { accessKey, accessSecret: secretKey } };
    const { sslEnabled, sessionCredentials } = { ...own, ...this.#changes };
    return {
      ...{ endpoints: endpoint, namespace: '', logger, sslEnabled },
      ...(sessionCredentials === undefined ? {} : { sessionCredentials }),
    };
  }
}

interface ConnectionOptions {
  readonly sslEnabled: boolean;
  /** Undefined for a client that has none. */
  readonly sessionCredentials: { readonly accessKey: string; readonly accessSecret: string } | undefined;
}

function nameOf(names: Readonly<Record<string, string>>, word: string): string {
  const name = names[word];
  if (name === undefined) throw new Error(`the row has no name for "${word}"`);
  return name;
}
