import { setImmediate as settle } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { Turns } from './turns.js';

/** Work that goes on until it is told to end. */
function held() {
  let end: () => void = () => undefined;
  const promise = new Promise<void>((resolve) => {
    end = resolve;
  });
  return { work: () => promise, end };
}

test('so many run at a time; a slow one holds up nobody while another place is free', async () => {
  const turns = new Turns(2);
  const slow = held();
  const first = turns.run(slow.work);
  let running = 0;
  let most = 0;
  const quick = async () => {
    running += 1;
    most = Math.max(most, running);
    await settle();
    running -= 1;
  };
  await Promise.all(Array.from({ length: 10 }, () => turns.run(quick)));
  expect(most).toBe(1);
  slow.end();
  await first;
  await Promise.all(Array.from({ length: 10 }, () => turns.run(quick)));
  expect(most).toBe(2);
});

test('a failure gives the place back, and those who wait are bounded', async () => {
  const turns = new Turns(1);
  await expect(turns.run(() => Promise.reject(new Error('failed')))).rejects.toThrow('failed');
  const slow = held();
  const first = turns.run(slow.work);
  const waiting = Array.from({ length: 1_000 }, (_, index) => turns.run(async () => index));
  await expect(turns.run(slow.work)).rejects.toMatchObject({ code: 'TOO_MANY_REQUESTS' });
  slow.end();
  await first;
  expect(await Promise.all(waiting)).toHaveLength(1_000);
  expect(await turns.run(async () => 'free again')).toBe('free again');
});
