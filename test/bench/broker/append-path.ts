import { apache } from '@nomos/schemas';
import { type Database, open, type RootDatabase } from 'lmdb';
import type { BrokerModules, NewMessage, Store, Write } from './broker-modules.js';
import type { MessageSource } from './message-source.js';

const { Message } = apache.rocketmq.v2;

/** A topic to append to, with the store behind it. */
export class AppendPath {
  readonly #modules: BrokerModules;
  readonly #writer: InstanceType<BrokerModules['MessageWriter']>;
  readonly #log: InstanceType<BrokerModules['TopicLog']>;

  constructor(modules: BrokerModules, store: Store) {
    this.#modules = modules;
    this.#writer = new modules.MessageWriter(store, modules.systemClock, () => {});
    this.#log = new modules.TopicLog(store, 'measured', 1);
  }

  /** Messages as the RPC hands them over, made of their bytes on the wire. */
  prepare(source: MessageSource, messages: number): NewMessage[] {
    const { ScannedMessage, toMessageToSend } = this.#modules;
    return source.batch(messages).map((message) => {
      const bytes = Message.encode(message).finish();
      const wire = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      return toMessageToSend(new ScannedMessage(wire), Date.now(), '127.0.0.1:1');
    });
  }

  /** Appends the messages; resolves when they are durable. */
  async append(messages: readonly NewMessage[]): Promise<void> {
    await this.#writer.commit([this.#writer.stage(this.#log, { queues: 4 }, messages)]);
  }
}

/** Keeps what the append path writes, so that LMDB alone can be given the very same. */
export class RecordingStore implements Store {
  readonly #batches: (readonly Write[])[] = [];

  get(): undefined {
    return undefined;
  }

  range(): [] {
    return [];
  }

  commit(batch: readonly Write[]): Promise<void> {
    this.#batches.push(batch);
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  /** The batches since the last call. */
  takeBatches(): (readonly Write[])[] {
    return this.#batches.splice(0);
  }
}

/** LMDB without anything of ours around it, set up as the broker's store sets it up. */
export class PlainLmdb {
  readonly #root: RootDatabase<Buffer, Uint8Array>;
  readonly #tables: Readonly<Record<string, Database<Buffer, Uint8Array>>>;

  constructor(path: string) {
    const binary = { encoding: 'binary', keyEncoding: 'binary' } as const;
    this.#root = open<Buffer, Uint8Array>({
      ...{ path, noSubdir: true, maxDbs: 10, maxReaders: 32, ...binary },
      ...{ overlappingSync: false, eventTurnBatching: false, noMemInit: false },
    });
    const table = (name: string) => this.#root.openDB<Buffer, Uint8Array>({ name, ...binary });
    this.#tables = { messages: table('messages'), index: table('index') };
  }

  /** Writes a batch; resolves when it is flushed. LMDB itself puts what waits for the disk into one transaction. */
  async write(batch: readonly Write[]): Promise<void> {
    await this.#root.batch(() => {
      for (const { table, key, value } of batch) {
        if (value !== undefined) this.#tables[table]?.put(key, value);
      }
    });
  }

  async close(): Promise<void> {
    await this.#root.close();
  }
}
