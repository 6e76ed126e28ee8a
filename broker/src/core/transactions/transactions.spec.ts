import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { brokerLimits } from '../broker-limits.js';
import { idsOf, newMessage, TOPIC } from '../core.spec.support.js';
import { readIdentity } from '../log/stored-message.js';
import { storeKinds, TestBroker } from '../test-broker.spec.support.js';

const { transactionFirstCheckMs, transactionCheckMs, transactionChecks } = brokerLimits;

describe.each(storeKinds)('transactional messages on %s', (kind) => {
  let broker: TestBroker;

  beforeEach(async () => {
    broker = await TestBroker.open(kind);
  });

  afterEach(async () => {
    await broker.close();
  });

  async function prepare(id: string, firstCheckMs?: number): Promise<string> {
    const [sent] = await broker.sendAll([{ ...newMessage(id), transaction: { firstCheckMs } }]);
    if (sent?.transactionId === undefined) throw new Error('no transaction id');
    return sent.transactionId;
  }

  const end = (transactionId: string, resolution: 'commit' | 'rollback') =>
    broker.core.transactions.end(TOPIC, transactionId, resolution);

  const asked = () => broker.checkBacks.map(({ message }) => readIdentity(message.system).messageId);

  test('a half message is seen by nobody, a committed one by all, one rolled back by none', async () => {
    const committed = await prepare('committed');
    const rolledBack = await prepare('rolled-back');
    expect(await broker.receive()).toEqual([]);
    expect(broker.core.search.byId(TOPIC, 'committed', 10)).toEqual([]);
    await end(committed, 'commit');
    await end(rolledBack, 'rollback');
    expect(idsOf(await broker.receive())).toEqual(['committed']);
    await broker.advance(transactionFirstCheckMs * 10);
    expect(asked()).toEqual([]);
  });

  test('a receive that waits gets a message when it is committed', async () => {
    const transaction = await prepare('a');
    const waiting = broker.receive({ waitMs: 5_000 });
    await broker.settle();
    await end(transaction, 'commit');
    expect(idsOf(await waiting)).toEqual(['a']);
  });

  test('ending again in the same way is harmless, in another way it is refused', async () => {
    const transaction = await prepare('a');
    await Promise.all([end(transaction, 'commit'), end(transaction, 'commit')]);
    await end(transaction, 'commit');
    await expect(end(transaction, 'rollback')).rejects.toMatchObject({ code: 'TRANSACTION_UNKNOWN' });
    expect(idsOf(await broker.receive())).toEqual(['a']);
  });

  test.each(['', 'forged', 'A'.repeat(35), 'A'.repeat(10_000)])('the id "%s" is refused', async (id) => {
    await prepare('a');
    await expect(end(id, 'commit')).rejects.toMatchObject({ code: 'TRANSACTION_UNKNOWN' });
  });

  test('an undecided transaction is asked about, again and again, across a restart', async () => {
    await prepare('a');
    await broker.advance(transactionFirstCheckMs);
    expect(asked()).toEqual(['a']);
    await broker.advance(transactionCheckMs);
    expect(asked()).toEqual(['a', 'a']);
    await broker.restart();
    await broker.advance(transactionCheckMs);
    expect(asked()).toEqual(['a', 'a', 'a']);
    expect(broker.checkBacks[0]).toMatchObject({ topic: TOPIC, application: 'paycore' });
  });

  test('the answer to a check-back ends the transaction, for whoever gives it', async () => {
    await prepare('a');
    await broker.advance(transactionFirstCheckMs);
    const question = broker.checkBacks[0];
    if (question === undefined) throw new Error('nobody was asked');
    await end(question.transactionId, 'commit');
    expect(idsOf(await broker.receive())).toEqual(['a']);
    await broker.advance(transactionCheckMs * 3);
    expect(broker.checkBacks).toHaveLength(1);
  });

  test("a message's own time until the first check holds", async () => {
    await prepare('a', 60_000);
    await broker.advance(59_999);
    expect(asked()).toEqual([]);
    await broker.advance(1);
    expect(asked()).toEqual(['a']);
  });

  test('after the last check-back it is parked, where an operator sees it and can decide', async () => {
    const transaction = await prepare('a');
    await broker.advance(transactionFirstCheckMs + transactionCheckMs * (transactionChecks + 2));
    expect(broker.checkBacks).toHaveLength(transactionChecks);
    await broker.restart();
    const [parked] = broker.core.transactions.parked(10);
    expect(parked).toMatchObject({ messageId: 'a', topic: TOPIC, application: 'paycore' });
    expect(await broker.receive()).toEqual([]);
    await end(parked?.transactionId ?? transaction, 'commit');
    expect(idsOf(await broker.receive())).toEqual(['a']);
    expect(broker.core.transactions.parked(10)).toEqual([]);
  });

  test('while no producer is there nothing counts as asked; later one is asked after all', async () => {
    broker.answersChecks = false;
    await prepare('a');
    await broker.advance(transactionCheckMs * (transactionChecks + 5));
    expect(broker.core.transactions.parked(10)).toEqual([]);
    broker.answersChecks = true;
    await broker.advance(transactionCheckMs);
    expect(asked()).toEqual(['a']);
    broker.answersChecks = false;
    await broker.advance(brokerLimits.transactionParkMs);
    expect(broker.core.transactions.parked(10)).toHaveLength(1);
  });

  test('a kill between the steps leaves a half message half, and an ended one ended', async () => {
    const undecided = await prepare('undecided');
    const committed = await prepare('committed');
    const rolledBack = await prepare('rolled-back');
    await end(committed, 'commit');
    await end(rolledBack, 'rollback');
    await broker.restart();
    expect(idsOf(await broker.receive())).toEqual(['committed']);
    await expect(end(rolledBack, 'commit')).rejects.toMatchObject({ code: 'TRANSACTION_UNKNOWN' });
    await end(undecided, 'commit');
    expect(idsOf(await broker.receive())).toEqual(['undecided']);
  });
});
