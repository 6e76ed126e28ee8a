import { expect, test } from 'vitest';
import { type Due, DueHeap } from './due-heap.js';

test('items come out by time, whatever was added and removed before', () => {
  // A small linear congruential generator: the same numbers in each run.
  let seed = 42;
  const random = (end: number) => {
    seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
    return seed % end;
  };
  const heap = new DueHeap<Due>();
  const inside = new Set<Due>();
  for (let step = 0; step < 5_000; step++) {
    const items = [...inside];
    const chosen = items[random(items.length + 1)];
    if (chosen !== undefined && random(3) === 0) {
      heap.remove(chosen);
      heap.remove(chosen);
      inside.delete(chosen);
    } else {
      const item = { dueAtMs: random(1_000), heapIndex: -1 };
      heap.add(item);
      inside.add(item);
    }
    expect(heap.size).toBe(inside.size);
    const earliest = Math.min(...[...inside].map((item) => item.dueAtMs));
    if (inside.size > 0) expect(heap.first()?.dueAtMs).toBe(earliest);
  }
});
