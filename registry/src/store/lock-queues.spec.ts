import { describe, expect, test } from 'vitest';
import { LockQueues } from './lock-queues.js';

const pause = () => new Promise((resolve) => setTimeout(resolve, 5));

describe('lock queues', () => {
  test('run work with a common key one after another, and other work beside it', async () => {
    const queues = new LockQueues();
    const log: string[] = [];
    const work = (name: string) => async () => {
      log.push(`${name} begins`);
      await pause();
      log.push(`${name} ends`);
    };
    await Promise.all([
      queues.run([1n, 2n], work('a')),
      queues.run([2n, 3n], work('b')),
      queues.run([4n], work('c')),
    ]);
    const overlaps = (one: string, other: string) =>
      log.indexOf(`${one} begins`) < log.indexOf(`${other} ends`) &&
      log.indexOf(`${other} begins`) < log.indexOf(`${one} ends`);
    expect(log).toHaveLength(6);
    expect(overlaps('a', 'b')).toBe(false);
    expect(overlaps('a', 'c') || overlaps('b', 'c')).toBe(true);
  });

  test('go on after a failure', async () => {
    const queues = new LockQueues();
    const failing = queues.run([1n], async () => {
      await pause();
      throw new Error('failed');
    });
    const next = queues.run([1n], async () => 'done');
    await expect(failing).rejects.toThrow('failed');
    expect(await next).toBe('done');
  });

  test('are bounded', async () => {
    const queues = new LockQueues();
    let finish: () => void = () => undefined;
    const first = queues.run(
      [1n],
      () =>
        new Promise<void>((resolve) => {
          finish = resolve;
        }),
    );
    const waiting = Array.from({ length: 999 }, () => queues.run([1n], async () => undefined));
    await expect(queues.run([1n], pause)).rejects.toMatchObject({ code: 'TOO_MANY_REQUESTS' });
    finish();
    await Promise.all([first, ...waiting]);
    expect(await queues.run([1n], async () => 'free again')).toBe('free again');
  });
});
