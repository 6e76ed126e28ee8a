import { beforeEach, describe, expect, test } from 'vitest';
import { MemoryStore } from '../../store/memory-store.js';
import { type Catalog, deadLetterTopic, defaultTopicTerms } from '../catalog.js';
import { MessageWriter } from '../log/message-writer.js';
import type { NewMessage } from '../log/topic-log.js';
import { Topics } from '../log/topics.js';
import { NameNumbers } from '../name-numbers.js';
import { SimulatedClock } from '../simulated-clock.js';
import type { Entry, KeyRange, Store, Table, Write } from '../store.js';
import { FieldWriter } from '../wire.js';
import { type FoundMessage, MessageSearch } from './message-search.js';
import { searchLimits } from './search-limits.js';

const TOPIC = 'pay-core-transfer-completed';
const QUEUES = 4;
const EVER = { fromMs: 0, toMs: Number.MAX_SAFE_INTEGER };

/** Counts the entries that are read. */
class CountingStore implements Store {
  readonly #inner = new MemoryStore();
  reads = 0;

  get(table: Table, key: Buffer): Buffer | undefined {
    this.reads++;
    return this.#inner.get(table, key);
  }

  *range(table: Table, range: KeyRange): Iterable<Entry> {
    for (const entry of this.#inner.range(table, range)) {
      this.reads++;
      yield entry;
    }
  }

  commit(batch: readonly Write[]): Promise<void> {
    return this.#inner.commit(batch);
  }

  close(): Promise<void> {
    return this.#inner.close();
  }
}

const catalog: Catalog = {
  topic: (name) => (name === TOPIC ? { ...defaultTopicTerms, queues: QUEUES } : undefined),
  consumerGroup: (name) => (name === 'cg-sms' ? { maxAttempts: 3, broadcasting: false } : undefined),
};

function newMessage(messageId: string, keys: readonly string[] = [], bodyBytes = 0): NewMessage {
  const writer = new FieldWriter(Buffer.alloc(2_000));
  for (const key of keys) writer.asciiField(2, key);
  writer.asciiField(3, messageId);
  const system = writer.bytes.subarray(0, writer.position);
  const stored = {
    tag: '',
    messageGroup: '',
    deadLetterOf: '',
    onlyGroup: '',
    system,
    rest: Buffer.alloc(bodyBytes),
  };
  return { messageId, keys, stored };
}

const idsOf = (found: readonly FoundMessage[]) => found.map(({ messageId }) => messageId);

describe('message search', () => {
  let clock: SimulatedClock;
  let store: CountingStore;
  let topics: Topics;
  let writer: MessageWriter;
  let search: MessageSearch;
  beforeEach(() => {
    clock = new SimulatedClock(1_000_000);
    store = new CountingStore();
    topics = new Topics(store, catalog, new NameNumbers(store));
    writer = new MessageWriter(store, clock, () => {});
    search = new MessageSearch(store, topics);
  });

  const send = async (queue: number, messages: readonly NewMessage[], topic = TOPIC) => {
    const log = await topics.open(topic);
    await writer.commit([writer.stage(log, { queues: QUEUES, wanted: queue }, messages)]);
  };

  /** Message m<i> goes to queue i % 4 at 1,000,000 + i ms. */
  const sendMany = async (count: number) => {
    for (let index = 0; index < count; index++) {
      await send(index % QUEUES, [newMessage(`m${index}`, ['all'])]);
      await clock.advance(1);
    }
  };

  const allPages = (take: (page: string | undefined) => ReturnType<MessageSearch['byTime']>) => {
    const pages: string[][] = [];
    let page: string | undefined;
    do {
      const { found, nextPage } = take(page);
      pages.push(idsOf(found));
      page = nextPage;
    } while (page !== undefined);
    return pages;
  };

  test('finds a message by its id, with its place and keys', async () => {
    await send(2, [newMessage('a', ['k1', 'k2']), newMessage('b', ['k1'])]);
    expect(search.byId(TOPIC, 'b', 10)).toEqual([
      expect.objectContaining({ topic: TOPIC, queue: 2, offset: 1, messageId: 'b', keys: ['k1'] }),
    ]);
    expect(search.byId(TOPIC, 'c', 10)).toEqual([]);
  });

  test('ids that are long and begin alike are told apart', async () => {
    const long = 'x'.repeat(70);
    await send(0, [newMessage(`${long}1`), newMessage(`${long}2`)]);
    expect(idsOf(search.byId(TOPIC, `${long}2`, 10))).toEqual([`${long}2`]);
  });

  test('finds by key within a time, oldest first over all queues', async () => {
    for (const [queue, id] of ['a', 'b', 'c', 'd'].entries()) {
      await send(3 - queue, [newMessage(id, ['order-1']), newMessage(`${id}-other`, ['order-10'])]);
      await clock.advance(10);
    }
    expect(idsOf(search.byKey(TOPIC, 'order-1', { ...EVER, limit: 10 }).found)).toEqual(['a', 'b', 'c', 'd']);
    const window = { fromMs: 1_000_010, toMs: 1_000_030, limit: 10 };
    expect(idsOf(search.byKey(TOPIC, 'order-1', window).found)).toEqual(['b', 'c']);
  });

  test('a message that has a key twice is found once', async () => {
    await send(0, [newMessage('a', ['k', 'k'])]);
    expect(idsOf(search.byKey(TOPIC, 'k', { ...EVER, limit: 10 }).found)).toEqual(['a']);
  });

  test.each(['byTime', 'byKey'] as const)(
    '%s gives every message once, by time, in pages',
    async (method) => {
      await sendMany(25);
      const pages = allPages((page) =>
        method === 'byTime'
          ? search.byTime(TOPIC, { ...EVER, limit: 10, page })
          : search.byKey(TOPIC, 'all', { ...EVER, limit: 10, page }),
      );
      expect(pages.map((page) => page.length)).toEqual([10, 10, 5]);
      expect(pages.flat()).toEqual(Array.from({ length: 25 }, (_, index) => `m${index}`));
    },
  );

  test('the start of a time is in it, the end is not, and the last page says so', async () => {
    await sendMany(10);
    const window = { fromMs: 1_000_003, toMs: 1_000_006, limit: 3 };
    expect(search.byTime(TOPIC, window)).toEqual({ found: expect.anything() });
    expect(idsOf(search.byTime(TOPIC, window).found)).toEqual(['m3', 'm4', 'm5']);
  });

  test('messages of one time are in the order of queue and offset', async () => {
    await send(1, [newMessage('c'), newMessage('d')]);
    await send(0, [newMessage('a'), newMessage('b')]);
    expect(idsOf(search.byTime(TOPIC, { ...EVER, limit: 10 }).found)).toEqual(['a', 'b', 'c', 'd']);
  });

  test('messages that come between two pages are not missed', async () => {
    await sendMany(4);
    const first = search.byTime(TOPIC, { ...EVER, limit: 2 });
    await send(0, [newMessage('late')]);
    const second = search.byTime(TOPIC, { ...EVER, limit: 10, page: first.nextPage });
    expect(idsOf(second.found)).toEqual(['m2', 'm3', 'late']);
  });

  test('a page of large messages ends before it fills the memory', async () => {
    const large = searchLimits.pageBytes / 2;
    await send(
      0,
      ['a', 'b', 'c'].map((id) => newMessage(id, ['k'], large)),
    );
    const pages = allPages((page) => search.byTime(TOPIC, { ...EVER, limit: 10, page }));
    expect(pages).toEqual([['a', 'b'], ['c']]);
  });

  test('the number of reads depends on what is given, not on what is stored', async () => {
    await sendMany(2_000);
    // Binary search reads log₂(500) messages of each queue, and the first one; the queues are found by five reads.
    const starting = QUEUES * (9 + 2) + QUEUES + 1;
    store.reads = 0;
    const first = search.byTime(TOPIC, { fromMs: 1_001_000, toMs: 1_002_000, limit: 10 });
    expect(idsOf(first.found)[0]).toBe('m1000');
    expect(store.reads).toBeLessThanOrEqual(starting + 10 + QUEUES);
    store.reads = 0;
    search.byTime(TOPIC, { fromMs: 1_001_000, toMs: 1_002_000, limit: 10, page: first.nextPage });
    expect(store.reads).toBeLessThanOrEqual(QUEUES + 1 + 10 + QUEUES);
    store.reads = 0;
    search.byKey(TOPIC, 'all', { fromMs: 1_001_000, toMs: 1_002_000, limit: 10 });
    expect(store.reads).toBeLessThanOrEqual(starting + 2 * (10 + QUEUES));
    store.reads = 0;
    search.byId(TOPIC, 'm1500', 10);
    expect(store.reads).toBeLessThanOrEqual(QUEUES + 2);
  });

  test.each([
    ['rubbish', '???'],
    ['nothing', ''],
    ['bytes of a wrong number', Buffer.from([1, 0, 0, 0, 1, 9]).toString('base64url')],
    ['another format', Buffer.from([9, 0, 0, 0, 1]).toString('base64url')],
    ['another topic', Buffer.from([1, 0, 0, 9, 9]).toString('base64url')],
    ['a queue twice', Buffer.from([1, 0, 0, 0, 1, ...Array<number>(16).fill(0)]).toString('base64url')],
    ['far too much', 'A'.repeat(100_000)],
  ])('a page that is %s is refused', async (_, page) => {
    await sendMany(1);
    expect(() => search.byTime(TOPIC, { ...EVER, limit: 1, page })).toThrow(
      expect.objectContaining({
        code: 'REQUEST_INVALID',
        violations: [expect.objectContaining({ rule: 'page-token' })],
      }),
    );
  });

  test('a message is found only once it is durable', async () => {
    const log = await topics.open(TOPIC);
    const staged = writer.stage(log, { queues: 1 }, [newMessage('a', ['k'])]);
    await store.commit(staged.writes);
    const found = () => [
      search.byId(TOPIC, 'a', 1).length,
      search.byKey(TOPIC, 'k', { ...EVER, limit: 1 }).found.length,
      search.byTime(TOPIC, { ...EVER, limit: 1 }).found.length,
      search.at(TOPIC, { queue: 0, offset: 0 }) === undefined ? 0 : 1,
    ];
    expect(found()).toEqual([0, 0, 0, 0]);
    log.markDurable(0, 0);
    expect(found()).toEqual([1, 1, 1, 1]);
  });

  test('dead letters are searched as a topic', async () => {
    await send(0, [newMessage('dead', ['k'])], deadLetterTopic('cg-sms'));
    expect(idsOf(search.byId(deadLetterTopic('cg-sms'), 'dead', 1))).toEqual(['dead']);
  });

  test('a topic that is not registered is refused; one that was never used is empty', () => {
    expect(search.byTime(TOPIC, { ...EVER, limit: 1 })).toEqual({ found: [] });
    expect(() => search.byTime('nowhere', { ...EVER, limit: 1 })).toThrow(
      expect.objectContaining({ code: 'TOPIC_NOT_REGISTERED' }),
    );
  });
});
