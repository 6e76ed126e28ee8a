import { beforeEach, describe, expect, test } from 'vitest';
import { MemoryStore } from '../../store/memory-store.js';
import { newMessage } from '../core.spec.support.js';
import { SimulatedClock } from '../simulated-clock.js';
import { INDEX_BLOCK_OFFSETS, IndexBlock } from './index-block.js';
import { hashOfText } from './indexed-texts.js';
import { MessageWriter } from './message-writer.js';
import { TopicLog } from './topic-log.js';

describe('the index of a queue', () => {
  const clock = new SimulatedClock();
  let store: MemoryStore;
  let log: TopicLog;
  let writer: MessageWriter;

  beforeEach(() => {
    store = new MemoryStore();
    log = new TopicLog(store, 'topic', 1);
    writer = new MessageWriter(store, clock, () => {});
  });

  async function append(ids: readonly string[], messageGroup = ''): Promise<void> {
    const messages = ids.map((id) => newMessage(id, '', messageGroup));
    await writer.commit([writer.stage(log, { queues: 1 }, messages)]);
  }

  const offsetsOf = (id: string, from = 0) =>
    [...log.withText('id', id, 0, from)].map(({ offset }) => offset);
  const numbered = (from: number, to: number) =>
    Array.from({ length: to - from }, (_, index) => `m${from + index}`);
  const blocks = () => {
    const all = { from: Buffer.alloc(1, 0), to: Buffer.alloc(13, 0xff) };
    return [...store.range('index', all)].length;
  };

  test('finds messages in full blocks, in the open one, and after a restart in either', async () => {
    const count = INDEX_BLOCK_OFFSETS * 2 + 100;
    for (let from = 0; from < count; from += 256) await append(numbered(from, Math.min(count, from + 256)));
    const places = [0, 1, INDEX_BLOCK_OFFSETS - 1, INDEX_BLOCK_OFFSETS, count - 1];
    expect(places.map((place) => offsetsOf(`m${place}`))).toEqual(places.map((place) => [place]));
    expect(blocks()).toBe(2);
    log = new TopicLog(store, 'topic', 1);
    expect(places.map((place) => offsetsOf(`m${place}`))).toEqual(places.map((place) => [place]));
    expect(offsetsOf('m1', 2)).toEqual([]);
    expect(offsetsOf(`m${count}`)).toEqual([]);
    expect([...log.withText('key', 'key-m5', 0)].map(({ offset }) => offset)).toEqual([5]);
  });

  test('a restart in the middle of a block loses nothing of it when it is full', async () => {
    await append(numbered(0, 1_000));
    log = new TopicLog(store, 'topic', 1);
    await append(numbered(1_000, INDEX_BLOCK_OFFSETS + 10));
    log = new TopicLog(store, 'topic', 1);
    expect([999, 1_000, INDEX_BLOCK_OFFSETS - 1].map((place) => offsetsOf(`m${place}`))).toEqual([
      [999],
      [1_000],
      [INDEX_BLOCK_OFFSETS - 1],
    ]);
  });

  test('a restart just when a block is full loses nothing of it', async () => {
    await append(numbered(0, INDEX_BLOCK_OFFSETS));
    log = new TopicLog(store, 'topic', 1);
    expect(offsetsOf('m7')).toEqual([7]);
    await append(['next']);
    expect(blocks()).toBe(1);
    log = new TopicLog(store, 'topic', 1);
    expect(offsetsOf('m7')).toEqual([7]);
    expect(offsetsOf('next')).toEqual([INDEX_BLOCK_OFFSETS]);
  });

  test('a failed commit at the end of a block does not lose the block', async () => {
    await append(numbered(0, INDEX_BLOCK_OFFSETS));
    store.failure = new Error('no space left');
    await expect(append(['lost'])).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    store.failure = undefined;
    expect(blocks()).toBe(0);
    expect(offsetsOf('m7')).toEqual([7]);
    await append(['next']);
    expect(blocks()).toBe(1);
    expect(offsetsOf('lost')).toEqual([]);
    log = new TopicLog(store, 'topic', 1);
    expect(offsetsOf('m7')).toEqual([7]);
    expect(offsetsOf('next')).toEqual([INDEX_BLOCK_OFFSETS + 1]);
  });

  test('what is not durable is not found, and what has the same id comes in its order', async () => {
    const staged = writer.stage(log, { queues: 1 }, [newMessage('a')]);
    expect(offsetsOf('a')).toEqual([]);
    await writer.commit([staged]);
    await append(['b', 'a', 'a']);
    expect(offsetsOf('a')).toEqual([0, 2, 3]);
  });

  test('messages of a group are found by it, and not under an id or key of the same text', async () => {
    await append(['a', 'b'], 'account-7');
    await append(['account-7']);
    expect([...log.withText('group', 'account-7', 0)].map(({ offset }) => offset)).toEqual([0, 1]);
  });
});

describe('a block', () => {
  test('is searched in its stored form as in memory, for first, last, equal and missing hashes', () => {
    const block = new IndexBlock();
    const hashes = [0, 1, 7, 7, 0xffff_ffff, 0x8000_0000, 7];
    for (const [place, hash] of hashes.entries()) block.add(place, [hash]);
    for (const hash of [...hashes, 2, 0x7fff_ffff]) {
      const expected = hashes.flatMap((other, place) => (other === hash ? [place] : []));
      expect(block.find(hash)).toEqual(expected);
      expect(IndexBlock.search(block.encode(), hash)).toEqual(expected);
    }
  });

  test('hashes differ by kind, so that an id is not looked for among keys', () => {
    const kinds = ['id', 'key', 'group', 'origin'] as const;
    expect(new Set(kinds.map((kind) => hashOfText(kind, 'same'))).size).toBe(4);
  });
});
