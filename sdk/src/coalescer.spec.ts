import { expect, test } from 'vitest';
import { Coalescer } from './coalescer.js';

interface Sent {
  readonly batch: readonly string[];
  finish(): void;
}

function setUp(limits: { batchesInFlight?: number; batchItems?: number; batchBytes?: number } = {}) {
  const sent: Sent[] = [];
  const coalescer = new Coalescer<string>({
    ...{ batchesInFlight: 1, batchItems: 100, batchBytes: 1_000, ...limits },
    bytesOf: (item) => item.length,
    send: (batch) => new Promise((finish) => sent.push({ batch, finish })),
  });
  const batches = () => sent.map(({ batch }) => batch);
  return { sent, coalescer, batches };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

test('a lone item leaves in the same turn', async () => {
  const { coalescer, batches } = setUp();
  coalescer.add('a');
  await Promise.resolve();
  expect(batches()).toEqual([['a']]);
});

test('items of one turn share a batch, and those that come while it is under way share the next', async () => {
  const { sent, coalescer, batches } = setUp();
  for (const item of ['a', 'b']) coalescer.add(item);
  await turn();
  for (const item of ['c', 'd', 'e']) coalescer.add(item);
  await turn();
  expect(batches()).toEqual([['a', 'b']]);
  sent[0]?.finish();
  await turn();
  expect(batches()).toEqual([
    ['a', 'b'],
    ['c', 'd', 'e'],
  ]);
});

test('a batch has no more items and bytes than allowed, but at least one item', async () => {
  const { sent, coalescer, batches } = setUp({ batchItems: 3, batchBytes: 5 });
  for (const item of ['a', 'b', 'c', 'd', '55555', '7777777', 'e']) coalescer.add(item);
  for (let index = 0; index < 6; index++) {
    await turn();
    sent[index]?.finish();
  }
  expect(batches()).toEqual([['a', 'b', 'c'], ['d'], ['55555'], ['7777777'], ['e']]);
});

test('so many batches are under way as allowed, and idle waits for all', async () => {
  const { sent, coalescer, batches } = setUp({ batchesInFlight: 2, batchItems: 1 });
  for (const item of ['a', 'b', 'c']) coalescer.add(item);
  let isIdle = false;
  coalescer.idle().then(() => {
    isIdle = true;
  });
  await turn();
  expect(batches()).toEqual([['a'], ['b']]);
  for (let index = 0; index < 3; index++) {
    expect(isIdle).toBe(false);
    sent[index]?.finish();
    await turn();
  }
  expect(batches()).toEqual([['a'], ['b'], ['c']]);
  expect(isIdle).toBe(true);
});
