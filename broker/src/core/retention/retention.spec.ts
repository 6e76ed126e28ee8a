import type { Logger } from '@nomos/schemas';
import { silentLogger } from '@nomos/schemas';
import { beforeEach, describe, expect, test } from 'vitest';
import { MemoryStore } from '../../store/memory-store.js';
import { type Catalog, defaultTopicTerms, type TopicTerms } from '../catalog.js';
import { messageKey } from '../log/log-keys.js';
import { MessageWriter } from '../log/message-writer.js';
import type { NewMessage } from '../log/topic-log.js';
import { Topics } from '../log/topics.js';
import { NameNumbers } from '../name-numbers.js';
import { withProvenance } from '../resending/provenance.js';
import { SimulatedClock } from '../simulated-clock.js';
import type { Table, Write } from '../store.js';
import { FieldWriter } from '../wire.js';
import { Retention } from './retention.js';
import { retentionLimits } from './retention-limits.js';

const TOPIC = 'pay-core-transfer-completed';
const HOUR_MS = 60 * 60 * 1000;
const ALL = { from: Buffer.from([0]), to: Buffer.alloc(40, 0xff) };

/** Counts what a batch has, and can stop taking any. */
class WatchedStore extends MemoryStore {
  deletions: number[] = [];

  override commit(batch: readonly Write[]): Promise<void> {
    const deleted = batch.filter(({ table, value }) => table === 'messages' && value === undefined).length;
    if (deleted > 0) this.deletions.push(deleted);
    return super.commit(batch);
  }

  count(table: Table): number {
    return [...this.range(table, ALL)].length;
  }
}

function newMessage(messageId: string, bodyBytes = 100, messageGroup = ''): NewMessage {
  const keys = [`key-${messageId}`, 'shared'];
  const writer = new FieldWriter(Buffer.alloc(500));
  for (const key of keys) writer.asciiField(2, key);
  writer.asciiField(3, messageId);
  const system = writer.bytes.subarray(0, writer.position);
  const rest = new FieldWriter(Buffer.alloc(bodyBytes + 10));
  rest.head(4, bodyBytes);
  const body = rest.bytes.subarray(0, rest.position + bodyBytes);
  return {
    messageId,
    keys,
    stored: { tag: '', messageGroup, deadLetterOf: '', onlyGroup: '', system, rest: body },
  };
}

describe('retention', () => {
  let clock: SimulatedClock;
  let store: WatchedStore;
  let terms: Map<string, TopicTerms>;
  let cursors: Map<number, number>;
  let warnings: object[];
  beforeEach(() => {
    clock = new SimulatedClock();
    store = new WatchedStore();
    terms = new Map([[TOPIC, { ...defaultTopicTerms, queues: 2, retentionMs: HOUR_MS }]]);
    cursors = new Map();
    warnings = [];
  });

  const open = () => {
    const catalog: Catalog = { topic: (name) => terms.get(name), consumerGroup: () => undefined };
    const topics = new Topics(store, catalog, new NameNumbers(store));
    const writer = new MessageWriter(store, clock, () => {});
    const log: Logger = {
      ...silentLogger,
      warn: (fields) => warnings.push(fields),
      error: (fields) => warnings.push(fields),
    };
    const cursorOf = (_: string, queue: number) => cursors.get(queue);
    const retention = new Retention({ store, topics, clock, log, cursorOf });
    const send = async (queue: number, ...messages: readonly NewMessage[]) => {
      const topicLog = await topics.open(TOPIC);
      await writer.commit([writer.stage(topicLog, { queues: 2, wanted: queue }, messages)]);
    };
    const left = () => {
      const topicLog = topics.known(TOPIC);
      if (topicLog === undefined) return [];
      return [0, 1].map((queue) => [...topicLog.scan(queue, 0, 10_000)].map(({ offset }) => offset));
    };
    return { topics, retention, send, left };
  };

  test('messages older than the topic keeps them go, with their trace entries', async () => {
    const { topics, retention, send, left } = open();
    const resent = withProvenance(
      newMessage('r').stored,
      { originalId: 'x'.repeat(80), newId: 'r2' },
      clock.now(),
    );
    await send(0, newMessage('old'), newMessage('ordered', 100, 'account-7'));
    await send(1, {
      ...{ messageId: 'r2', keys: ['key-r', 'shared'], stored: resent },
      originId: 'x'.repeat(80),
    });
    const number = topics.known(TOPIC)?.number ?? 0;
    const trace = (queue: number, offset: number): Write => ({
      ...{
        table: 'trace',
        key: Buffer.concat([messageKey(number, queue, offset), Buffer.from('delivered')]),
      },
      value: Buffer.from('x'),
    });
    await store.commit([trace(0, 0), trace(1, 0), trace(0, 3)]);
    await clock.advance(HOUR_MS);
    await send(0, newMessage('a'), newMessage('b'));
    await send(1, newMessage('c'));
    expect(await retention.run()).toBe(0);
    await clock.advance(1);
    expect(await retention.run()).toBe(3);
    expect(left()).toEqual([[2, 3], [1]]);
    expect([store.count('messages'), store.count('trace')]).toEqual([3, 1]);
  });

  test('the last message of a queue stays, so that no offset is given twice', async () => {
    const first = open();
    await first.send(0, newMessage('a'), newMessage('b'));
    await clock.advance(100 * HOUR_MS);
    await first.retention.run();
    expect(first.left()).toEqual([[1], []]);
    const second = open();
    await second.send(0, newMessage('c'));
    expect(second.left()).toEqual([[1, 2], []]);
  });

  test('the oldest messages of all queues go while the topic has more bytes than it may', async () => {
    terms.set(TOPIC, { ...defaultTopicTerms, queues: 2, retentionBytes: 10_000 });
    const { retention, send, left } = open();
    for (let index = 0; index < 6; index++) {
      await send(index % 2, newMessage(`m${index}`, 3_000));
      await clock.advance(1);
    }
    await retention.run();
    expect(left()).toEqual([[2], [1, 2]]);
    expect(await retention.run()).toBe(0);
    await send(0, newMessage('m6', 3_000));
    expect(await retention.run()).toBe(1);
    expect(left()).toEqual([[2, 3], [2]]);
  });

  test('the bytes are right after a restart', async () => {
    terms.set(TOPIC, { ...defaultTopicTerms, queues: 2, retentionBytes: 10_000 });
    const first = open();
    for (let index = 0; index < 4; index++) await first.send(0, newMessage(`m${index}`, 3_000));
    await first.retention.run();
    const second = open();
    await second.send(0, newMessage('m4', 3_000));
    expect(await second.retention.run()).toBe(1);
    expect(second.left()).toEqual([[2, 3, 4], []]);
  });

  test('messages of very different size are counted exactly', async () => {
    const sizes = Array.from({ length: 3_000 }, (_, index) => (index % 1_000 === 500 ? 100_000 : 10));
    terms.set(TOPIC, { ...defaultTopicTerms, queues: 2, retentionBytes: 250_000 });
    const { topics, retention, send } = open();
    for (const [index, size] of sizes.entries()) await send(0, newMessage(`m${index}`, size));
    await retention.run();
    const log = topics.known(TOPIC);
    const values = [...(log?.scan(0, 0, 10_000) ?? [])].map(({ value }) => value.length);
    const bytes = values.reduce((sum, length) => sum + length, 0);
    expect(bytes).toBeLessThanOrEqual(250_000);
    const [lastDeleted] = sizes.slice(sizes.length - values.length - 1);
    expect(bytes + (lastDeleted ?? 0) + 100).toBeGreaterThan(250_000);
  });

  test('much is deleted in batches, between which others have their turn', async () => {
    const { retention, send } = open();
    const many = Array.from({ length: 2 * retentionLimits.batch + 2 }, (_, index) => newMessage(`m${index}`));
    await send(0, ...many);
    await clock.advance(2 * HOUR_MS);
    let turns = 0;
    const other = setInterval(() => turns++, 0);
    expect(await retention.run()).toBe(many.length - 1);
    clearInterval(other);
    expect(store.deletions).toEqual([retentionLimits.batch, retentionLimits.batch, 1]);
    expect(turns).toBeGreaterThan(0);
  });

  test('a batch of large messages is small', async () => {
    const { retention, send } = open();
    const large = retentionLimits.batchBytes;
    for (const id of ['a', 'b', 'c']) await send(0, newMessage(id, large));
    await clock.advance(2 * HOUR_MS);
    await retention.run();
    expect(store.deletions).toEqual([1, 1]);
  });

  test('a topic that is no longer registered keeps its messages for 30 days', async () => {
    const { retention, send, left } = open();
    await send(0, newMessage('a'), newMessage('b'));
    terms.clear();
    await clock.advance(30 * 24 * HOUR_MS);
    await retention.run();
    expect(left()[0]).toEqual([0, 1]);
    await clock.advance(1);
    await retention.run();
    expect(left()[0]).toEqual([1]);
  });

  test('unread messages that go are counted in one line of the log', async () => {
    const { retention, send } = open();
    await send(0, newMessage('a'), newMessage('b'), newMessage('c'), newMessage('d'));
    await send(1, newMessage('e'), newMessage('f'));
    cursors.set(0, 1);
    await clock.advance(2 * HOUR_MS);
    await retention.run();
    expect(warnings).toEqual([{ topic: TOPIC, unread: 2 }]);
  });

  test('runs by itself once a minute until it is stopped', async () => {
    const { retention, send, left } = open();
    await send(0, newMessage('a'), newMessage('b'));
    retention.start();
    await clock.advance(2 * HOUR_MS);
    expect(left()[0]).toEqual([1]);
    await retention.stop();
    expect(clock.timerCount).toBe(0);
  });

  test('a failure is logged, leaves everything in place, and the next run makes up for it', async () => {
    const { retention, send, left } = open();
    await send(0, newMessage('a'), newMessage('b'));
    await clock.advance(2 * HOUR_MS);
    store.failure = new Error('no space left');
    expect(await retention.run()).toBe(0);
    expect(warnings).toEqual([{ topic: TOPIC, err: store.failure }]);
    expect(left()[0]).toEqual([0, 1]);
    store.failure = undefined;
    expect(await retention.run()).toBe(1);
  });
});
