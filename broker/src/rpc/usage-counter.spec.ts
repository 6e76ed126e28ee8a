import { describe, expect, test } from 'vitest';
import { SimulatedClock } from '../core/simulated-clock.js';
import { UsageCounter, type Use } from './usage-counter.js';

const published: Use = {
  ...{ kind: 'published', topic: 'pay-paycore-transfer-completed', group: 'pg-paycore-transfer' },
  ...{ application: 'paycore', instance: 'one' },
};

describe('counts of use', () => {
  test('add up by who did what, with the time of the last', async () => {
    const clock = new SimulatedClock();
    const counter = new UsageCounter(clock);
    counter.note(published, 2);
    await clock.advance(1000);
    counter.note(published, 3);
    counter.note({ ...published, kind: 'consumed', group: 'cg-sms-notify' }, 1);
    counter.note({ ...published, instance: 'two' }, 1);
    const lastAt = new Date(clock.now()).toISOString();
    expect(counter.take()).toEqual([
      { ...published, count: 5, lastAt },
      { ...published, kind: 'consumed', group: 'cg-sms-notify', count: 1, lastAt },
      { ...published, instance: 'two', count: 1, lastAt },
    ]);
  });

  test('begin again once they are taken', () => {
    const counter = new UsageCounter(new SimulatedClock());
    counter.note(published, 2);
    expect(counter.take()).toHaveLength(1);
    expect(counter.take()).toEqual([]);
    counter.note(published, 1);
    expect(counter.take()).toMatchObject([{ count: 1 }]);
  });

  test('hold nothing for calls that did nothing', () => {
    const counter = new UsageCounter(new SimulatedClock());
    counter.note(published, 0);
    expect(counter.take()).toEqual([]);
  });

  test('stay bounded however many instances there are, and lose no message', () => {
    const counter = new UsageCounter(new SimulatedClock());
    for (let instance = 0; instance < 12_000; instance += 1)
      counter.note({ ...published, instance: `client-${instance}` }, 1);
    counter.note({ ...published, instance: 'client-0' }, 1);
    const taken = counter.take();
    expect(taken).toHaveLength(5_001);
    expect(taken.reduce((sum, { count }) => sum + count, 0)).toBe(12_001);
    expect(taken.find(({ instance }) => instance === '')?.count).toBe(7_000);
    expect(taken.find(({ instance }) => instance === 'client-0')?.count).toBe(2);
  });
});
