import { beforeEach, describe, expect, test } from 'vitest';
import { MemoryStore } from '../../store/memory-store.js';
import { type Catalog, deadLetterTopic, defaultTopicTerms } from '../catalog.js';
import { MessageWriter } from '../log/message-writer.js';
import { readIdentity, readProperties } from '../log/stored-message.js';
import type { NewMessage } from '../log/topic-log.js';
import { Topics } from '../log/topics.js';
import { NameNumbers } from '../name-numbers.js';
import { MessageSearch } from '../search/message-search.js';
import { SimulatedClock } from '../simulated-clock.js';
import type { Store, Write } from '../store.js';
import { FieldWriter } from '../wire.js';
import { resendLimits } from './resend-limits.js';
import type { ResendRequest } from './resend-request.js';
import { Resending } from './resending.js';

const TOPIC = 'pay-core-transfer-completed';
const OTHER = 'pay-core-transfer-failed';
const START_MS = 1_700_000_000_000;
const EVER = { fromMs: 0, toMs: Number.MAX_SAFE_INTEGER };

/** A process that stops after so many more commits: from then on nothing reaches the disk. */
class StoppingStore extends MemoryStore {
  commitsLeft = Number.POSITIVE_INFINITY;

  override commit(batch: readonly Write[]): Promise<void> {
    this.commitsLeft--;
    return this.commitsLeft < 0 ? Promise.reject(new Error('killed')) : super.commit(batch);
  }
}

interface Given {
  readonly keys?: readonly string[];
  readonly messageGroup?: string;
  readonly deadLetterOf?: string;
  readonly properties?: Readonly<Record<string, string>>;
  readonly bodyBytes?: number;
}

function newMessage(messageId: string, given: Given = {}): NewMessage {
  const { keys = [], messageGroup = '', deadLetterOf = '', properties = {}, bodyBytes = 3 } = given;
  const system = new FieldWriter(Buffer.alloc(1_000));
  system.asciiField(1, 'OUT');
  for (const key of keys) system.asciiField(2, key);
  system.asciiField(3, messageId);
  system.millisecondsField(7, START_MS);
  if (messageGroup !== '') system.asciiField(17, messageGroup);
  const rest = new FieldWriter(Buffer.alloc(bodyBytes + 1_000));
  for (const [name, value] of Object.entries(properties)) {
    rest.head(2, 4 + name.length + value.length);
    rest.asciiField(1, name);
    rest.asciiField(2, value);
  }
  rest.head(4, bodyBytes);
  rest.copy(Buffer.alloc(bodyBytes, 'x'));
  const stored = {
    ...{ tag: 'OUT', messageGroup, deadLetterOf, onlyGroup: '' },
    system: system.bytes.subarray(0, system.position),
    rest: rest.bytes.subarray(0, rest.position),
  };
  return { messageId, keys, stored };
}

function open(store: Store, clock: SimulatedClock) {
  const registered = new Set([TOPIC, OTHER]);
  const catalog: Catalog = {
    topic: (name) => (registered.has(name) ? { ...defaultTopicTerms, queues: 2 } : undefined),
    consumerGroup: (name) => (name.startsWith('cg-') ? { maxAttempts: 3, broadcasting: false } : undefined),
  };
  const topics = new Topics(store, catalog, new NameNumbers(store));
  const writer = new MessageWriter(store, clock, () => {});
  const search = new MessageSearch(store, topics);
  let ids = 0;
  const storage: { full: Error | undefined } = { full: undefined };
  const resending = new Resending({
    ...{ store, topics, writer, search, clock },
    newMessageId: () => `new-${clock.now()}-${ids++}`,
    assertStorage: () => {
      if (storage.full) throw storage.full;
    },
  });
  const send = async (topic: string, ...messages: readonly NewMessage[]) => {
    const log = await topics.open(topic);
    await writer.commit([writer.stage(log, { queues: topics.terms(topic).queues }, messages)]);
  };
  const all = (topic: string) => {
    const { found } = search.byTime(topic, { ...EVER, limit: 1_000 });
    return found.map(({ messageId, queue, keys, message }) => ({
      ...{ messageId, queue, keys, message },
      properties: Object.fromEntries(readProperties(message.rest)),
    }));
  };
  return { registered, storage, search, resending, send, all };
}

describe('resending', () => {
  let clock: SimulatedClock;
  let store: StoppingStore;
  let broker: ReturnType<typeof open>;
  beforeEach(() => {
    clock = new SimulatedClock(START_MS);
    store = new StoppingStore();
    broker = open(store, clock);
  });

  const resend = (request: Partial<ResendRequest> = {}) =>
    broker.resending.resend({
      ...{ topic: TOPIC, select: EVER, limit: 1_000, dryRun: false },
      ...request,
    } as ResendRequest);
  const resendDeadLetters = (request: Partial<ResendRequest> = {}) =>
    broker.resending.resend({
      ...{ deadLettersOf: 'cg-sms', select: EVER, limit: 1_000, dryRun: false },
      ...request,
    } as ResendRequest);

  test('a resent message is new, is the same otherwise, and names the original', async () => {
    const properties = { amount: '12', nomos_app: 'core' };
    await broker.send(TOPIC, newMessage('a', { keys: ['k1', 'k2'], messageGroup: 'acc-7', properties }));
    await clock.advance(5_000);
    const { resent, more } = await resend({ select: { ids: ['a'] } });
    expect(more).toBe(false);
    const [original, copy] = broker.all(TOPIC);
    expect(resent).toEqual([{ originalId: 'a', newId: copy?.messageId, topic: TOPIC }]);
    expect(copy?.messageId).not.toBe('a');
    expect(copy).toMatchObject({
      ...{ keys: ['k1', 'k2'], queue: original?.queue },
      message: { tag: 'OUT', messageGroup: 'acc-7', onlyGroup: '', storedAtMs: START_MS + 5_000 },
    });
    expect(copy?.properties).toEqual({
      ...{ ...properties, nomos_resent_from: 'a' },
      nomos_resent_at: new Date(START_MS + 5_000).toISOString(),
    });
    const lastField = Buffer.from([4 * 8 + 2, 3, ...Buffer.from('xxx')]);
    expect(copy?.message.rest.includes(lastField)).toBe(true);
    // All system properties but the id are byte for byte those of the original, the time of birth among them.
    const withoutId = (system: Buffer, id: string) =>
      Buffer.from(
        system.toString('latin1').replace(`\x1a${String.fromCharCode(id.length)}${id}`, ''),
        'latin1',
      );
    expect(withoutId(copy?.message.system ?? Buffer.of(), copy?.messageId ?? '')).toEqual(
      withoutId(original?.message.system ?? Buffer.of(), 'a'),
    );
  });

  test.each([
    ['ids', { ids: ['a', 'c'] }, ['a', 'c']],
    ['a key', { key: 'even' }, ['a', 'c']],
    ['a key within a time', { key: 'even', fromMs: START_MS + 1 }, ['c']],
    ['a time', { fromMs: START_MS + 10, toMs: START_MS + 20 }, ['b']],
  ])('selects by %s', async (_, select, expected) => {
    for (const [index, id] of ['a', 'b', 'c'].entries()) {
      await broker.send(TOPIC, newMessage(id, { keys: [index % 2 === 0 ? 'even' : 'odd'] }));
      await clock.advance(10);
    }
    const { resent } = await resend({ select });
    expect(resent.map(({ originalId }) => originalId)).toEqual(expected);
  });

  test('what was resent is skipped the next time, unless it is to be resent again', async () => {
    await broker.send(TOPIC, newMessage('a'), newMessage('b'));
    await clock.advance(1);
    await resend({ select: { ids: ['a'] } });
    const second = await resend();
    expect(second.resent.map(({ originalId }) => originalId)).toEqual(['b']);
    expect(second.skipped).toEqual([
      { messageId: 'a', why: 'resent-before' },
      { messageId: expect.stringContaining('new-'), why: 'is-resent' },
    ]);
    const third = await resend({ again: true });
    expect(third.resent.map(({ originalId }) => originalId)).toEqual(['a', 'b']);
    expect(broker.all(TOPIC)).toHaveLength(6);
  });

  test('long ids that begin alike are told apart', async () => {
    const long = 'x'.repeat(80);
    await broker.send(TOPIC, newMessage(`${long}1`), newMessage(`${long}2`));
    await resend({ select: { ids: [`${long}1`] } });
    const { resent, skipped } = await resend({ select: { ids: [`${long}1`, `${long}2`] } });
    expect(skipped).toEqual([{ messageId: `${long}1`, why: 'resent-before' }]);
    expect(resent.map(({ originalId }) => originalId)).toEqual([`${long}2`]);
  });

  test('a message that its producer sent twice with one id is resent once', async () => {
    await broker.send(TOPIC, newMessage('a'));
    await broker.send(TOPIC, newMessage('a'));
    const { resent, skipped } = await resend();
    expect(resent).toHaveLength(1);
    expect(skipped).toEqual([{ messageId: 'a', why: 'resent-before' }]);
  });

  test('a repetition that is resent by its id still names the first original', async () => {
    await broker.send(TOPIC, newMessage('a'));
    const [first] = (await resend()).resent;
    const again = await resend({ select: { ids: [first?.newId ?? ''] } });
    expect(again.resent).toHaveLength(1);
    expect(broker.all(TOPIC)[2]?.properties).toMatchObject({
      ...{ nomos_resent_from: 'a', nomos_resent_of: first?.newId },
    });
    expect((await resend({ select: { ids: [first?.newId ?? ''] } })).skippedCount).toBe(1);
  });

  test('ids that no message has are named as gone', async () => {
    await broker.send(TOPIC, newMessage('a'));
    const { resent, skipped } = await resend({ select: { ids: ['nobody', 'a'] } });
    expect(resent).toHaveLength(1);
    expect(skipped).toEqual([{ messageId: 'nobody', why: 'gone' }]);
  });

  test('dead letters go back to the topics they come from, to their group alone', async () => {
    const letters = deadLetterTopic('cg-sms');
    await broker.send(
      letters,
      newMessage('a', { deadLetterOf: TOPIC }),
      newMessage('b', { deadLetterOf: OTHER }),
    );
    const { resent } = await resendDeadLetters();
    expect(resent.map(({ originalId, topic }) => [originalId, topic])).toEqual([
      ['a', TOPIC],
      ['b', OTHER],
    ]);
    for (const topic of [TOPIC, OTHER])
      expect(broker.all(topic)).toMatchObject([{ message: { onlyGroup: 'cg-sms', deadLetterOf: '' } }]);
    expect((await resendDeadLetters()).skippedCount).toBe(2);
  });

  test('the same dead letter of another group is another matter', async () => {
    await broker.send(deadLetterTopic('cg-sms'), newMessage('a', { deadLetterOf: TOPIC }));
    await broker.send(deadLetterTopic('cg-ledger'), newMessage('a', { deadLetterOf: TOPIC }));
    await resendDeadLetters();
    await clock.advance(1);
    const { resent } = await broker.resending.resend({
      ...{ deadLettersOf: 'cg-ledger', select: EVER, limit: 10, dryRun: false },
    });
    expect(resent).toHaveLength(1);
    expect(broker.all(TOPIC).map(({ message }) => message.onlyGroup)).toEqual(['cg-sms', 'cg-ledger']);
  });

  test('a resent message that becomes a dead letter once more is resent once more', async () => {
    const letters = deadLetterTopic('cg-sms');
    await broker.send(letters, newMessage('a', { deadLetterOf: TOPIC }));
    await resendDeadLetters();
    const [copy] = broker.all(TOPIC);
    if (copy === undefined) throw new Error('nothing was resent');
    const stored = { ...copy.message, deadLetterOf: TOPIC, onlyGroup: '' };
    await broker.send(letters, { ...readIdentity(stored.system), stored });
    const { resent, skipped } = await resendDeadLetters();
    expect(resent.map(({ originalId }) => originalId)).toEqual([copy.messageId]);
    expect(skipped).toEqual([{ messageId: 'a', why: 'resent-before' }]);
    expect(broker.all(TOPIC)[1]?.properties.nomos_resent_from).toBe('a');
  });

  test('dead letters of a topic that is no longer registered stay where they are', async () => {
    await broker.send(deadLetterTopic('cg-sms'), newMessage('a', { deadLetterOf: OTHER }));
    broker.registered.delete(OTHER);
    const { resent, skipped } = await resendDeadLetters();
    expect(resent).toEqual([]);
    expect(skipped).toEqual([{ messageId: 'a', why: 'topic-not-registered' }]);
  });

  test('the limit ends a call, and the next one goes on', async () => {
    await broker.send(TOPIC, ...Array.from({ length: 700 }, (_, index) => newMessage(`m${index}`)));
    const first = await resend({ limit: 600 });
    expect(first.resent).toHaveLength(600);
    expect(first).toMatchObject({ more: true, skippedCount: 0 });
    const rest = await resend({ limit: 600, page: first.nextPage });
    expect(rest.resent).toHaveLength(100);
    expect(rest.more).toBe(false);
    const ids = await resend({ select: { ids: ['m1', 'm2', 'm3'] }, again: true, limit: 2 });
    expect(ids).toMatchObject({ more: true, resent: [{ originalId: 'm1' }, { originalId: 'm2' }] });
  });

  test('a dry run says the same as the run after it, and changes nothing', async () => {
    await broker.send(TOPIC, ...Array.from({ length: 300 }, (_, index) => newMessage(`m${index}`)));
    await resend({ select: { ids: ['m5'] } });
    const before = broker.all(TOPIC).length;
    const dry = await resend({ dryRun: true, limit: 299 });
    expect(broker.all(TOPIC)).toHaveLength(before);
    const real = await resend({ limit: 299 });
    expect(dry.resent).toHaveLength(299);
    const withoutIds = real.resent.map(({ originalId, topic }) => ({ originalId, topic }));
    expect({ ...real, resent: withoutIds }).toEqual(dry);
  });

  test('large messages go in several batches', async () => {
    const bodyBytes = 3 * 1024 * 1024;
    for (const id of ['a', 'b', 'c']) await broker.send(TOPIC, newMessage(id, { bodyBytes }));
    store.commitsLeft = 2;
    expect((await resend()).resent).toHaveLength(3);
    expect(store.commitsLeft).toBe(0);
  });

  test('a crash between two batches leaves a prefix, and the same call resends the rest', async () => {
    await broker.send(TOPIC, ...Array.from({ length: 700 }, (_, index) => newMessage(`m${index}`)));
    store.commitsLeft = 2;
    await expect(resend()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    store.commitsLeft = Number.POSITIVE_INFINITY;
    broker = open(store, clock);
    await clock.advance(1);
    expect(broker.search.byTime(TOPIC, { ...EVER, limit: 1_000 }).nextPage).toBeDefined();
    const rest = await resend();
    expect(rest.resent).toHaveLength(700 - 2 * resendLimits.batch);
    expect(rest.resent[0]?.originalId).toBe(`m${2 * resendLimits.batch}`);
  });

  test('two calls at a time resend every message once', async () => {
    await broker.send(TOPIC, newMessage('a'), newMessage('b'));
    const [first, second] = await Promise.all([resend(), resend()]);
    expect([first.resent.length, second.resent.length]).toEqual([2, 0]);
    const many = Array.from({ length: resendLimits.waiting + 1 }, () => resend({ dryRun: true }));
    const refused = (await Promise.allSettled(many)).filter(({ status }) => status === 'rejected');
    expect(refused).toMatchObject([{ reason: { code: 'TOO_MANY_REQUESTS' } }]);
  });

  test('nothing is resent onto a full disk, and dry runs go on', async () => {
    await broker.send(TOPIC, newMessage('a'));
    broker.storage.full = new Error('full');
    await expect(resend()).rejects.toThrow('full');
    expect((await resend({ dryRun: true })).resent).toHaveLength(1);
  });

  test.each([
    ['a limit of nothing', { limit: 0 }, 'REQUEST_INVALID'],
    ['a limit too high', { limit: 10_001 }, 'REQUEST_INVALID'],
    ['no ids', { select: { ids: [] } }, 'REQUEST_INVALID'],
    ['a page that is none', { page: 'rubbish' }, 'REQUEST_INVALID'],
    ['a page with ids', { select: { ids: ['a'] }, page: 'AQ' }, 'REQUEST_INVALID'],
    ['an unknown topic', { topic: 'nowhere' }, 'TOPIC_NOT_REGISTERED'],
    ['an unknown group', { onlyGroup: 'nobody' }, 'GROUP_NOT_REGISTERED'],
  ])('%s is refused', async (_, request, code) => {
    await broker.send(TOPIC, newMessage('a'));
    await expect(resend(request as Partial<ResendRequest>)).rejects.toMatchObject({ code });
    await expect(
      broker.resending.resend({ deadLettersOf: 'nobody', select: EVER, limit: 1, dryRun: true }),
    ).rejects.toMatchObject({
      code: 'GROUP_NOT_REGISTERED',
    });
  });
});
