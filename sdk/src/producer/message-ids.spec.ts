import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { MessageIds } from './message-ids.js';

const now = Date.UTC(2026, 0, 1);

test('an id has the form of RocketMQ 5', () => {
  const id = new MessageIds().next(now);
  expect(id).toMatch(/^01[0-9A-F]{32}$/);
  expect(Number.parseInt(id.slice(18, 26), 16)).toBe((now - Date.UTC(2021, 0, 1)) / 1000);
  expect(id.slice(14, 18)).toBe((process.pid % 0x10000).toString(16).padStart(4, '0').toUpperCase());
});

test('ids differ within an instance, also over seconds, and between instances of one process', () => {
  const sources = [new MessageIds(), new MessageIds()];
  const ids = new Set<string>();
  for (let index = 0; index < 10_000; index++)
    for (const source of sources) ids.add(source.next(now + index));
  expect(ids.size).toBe(20_000);
});

// Threads need JavaScript, so they run the module as it was built.
test('ids differ between threads of one process', async () => {
  const built = new URL('../../dist/producer/message-ids.js', import.meta.url).href;
  const code = `import('${built}').then(({ MessageIds }) => {
    const ids = new MessageIds();
    require('node:worker_threads').parentPort.postMessage(Array.from({ length: 1000 }, () => ids.next(${now})));
  })`;
  const lists = await Promise.all(
    [1, 2, 3, 4].map(async () => {
      const worker = new Worker(code, { eval: true });
      const [list] = (await once(worker, 'message')) as [string[]];
      await worker.terminate();
      return list;
    }),
  );
  expect(new Set(lists.flat()).size).toBe(4_000);
});
