import { expect, test } from 'vitest';
import { DueHeap } from '../due-heap.js';
import { GroupQueue } from './group-queue.js';

test('a message that is delivered without end does not break the writing of progress', () => {
  const queue = new GroupQueue({ group: 1, topic: 2, queue: 0, heap: new DueHeap(), findInGroup: () => [] });
  const pending = queue.deliverNew(0, '', 7, 1_000);
  pending.attempt = 0xffff;
  queue.makeReady(pending);
  queue.deliverAgain(pending, 8, 2_000);
  expect(pending.attempt).toBe(0x1_0000);
  const { writes } = queue.takeWrites();
  const stored = writes.find(({ table }) => table === 'pending')?.value;
  expect(stored?.readUInt16BE(0)).toBe(0xffff);
});
