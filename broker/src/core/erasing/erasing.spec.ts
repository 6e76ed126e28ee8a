import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { CONSUMER, GROUP, idsOf, TOPIC } from '../core.spec.support.js';
import { storeKinds, TestBroker } from '../test-broker.spec.support.js';

describe.each(storeKinds)('erasing on %s', (kind) => {
  let broker: TestBroker;

  beforeEach(async () => {
    broker = await TestBroker.open(kind);
  });

  afterEach(async () => {
    await broker.close();
  });

  test('of a deleted topic nothing is left, and created again it is empty', async () => {
    await broker.send(['a', 'b']);
    await broker.acknowledge(...(await broker.receive({ messagesMax: 1 })));
    await broker.receive();
    broker.isRetired = true;
    await broker.core.erasing.eraseTopic(TOPIC);
    broker.isRetired = false;
    expect(await broker.receive()).toEqual([]);
    await broker.restart();
    await broker.settle();
    await broker.core.close();
    const tables = ['messages', 'index', 'trace', 'pending'] as const;
    expect(tables.map((table) => [table, broker.count(table)])).toEqual(tables.map((table) => [table, 0]));
    await broker.restart();
    await broker.send(['c']);
    expect(idsOf(await broker.receive())).toEqual(['c']);
  });

  test('a deleted group begins at the beginning when it comes again; others keep their progress', async () => {
    await broker.send(['a']);
    await broker.acknowledge(...(await broker.receive()));
    const other = { ...CONSUMER, group: 'cg-ledger-book' };
    const ofOther = await broker.receive(other);
    await broker.core.erasing.eraseProgress(GROUP);
    expect(idsOf(await broker.receive())).toEqual(['a']);
    const handles = ofOther.map(({ receiptHandle }) => receiptHandle);
    expect(await broker.core.receiving.acknowledge(other, handles)).toEqual([true]);
    await broker.restart();
    expect(await broker.receive(other)).toEqual([]);
  });
});
