import { silentLogger } from '@nomos/schemas';
import { beforeEach, describe, expect, test } from 'vitest';
import { MemoryStore } from '../store/memory-store.js';
import { BrokerCore } from './broker-core.js';
import { brokerLimits } from './broker-limits.js';
import { deadLetterTopic } from './catalog.js';
import { INVISIBLE_MS, idsOf, newMessage, request, settle, TOPIC } from './core.spec.support.js';
import { SimulatedClock } from './simulated-clock.js';

describe('broker core on a failing store', () => {
  const clock = new SimulatedClock();
  const store = new MemoryStore();
  const options = {
    ...{ store, clock, log: silentLogger, receiptKey: Buffer.alloc(32, 7) },
    catalog: { topic: () => ({ queues: 1 }), consumerGroup: () => ({ maxAttempts: 2 }) },
    randomNumber: () => 5,
    isClientAlive: () => false,
  };
  let core: BrokerCore;
  beforeEach(() => {
    core = new BrokerCore(options);
  });

  test('a failed send is refused and never seen, later ones are', async () => {
    await core.append(TOPIC, 0, [newMessage('before')]);
    store.failure = new Error('no space left');
    await expect(core.append(TOPIC, 0, [newMessage('lost')])).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    store.failure = undefined;
    await core.append(TOPIC, 0, [newMessage('after')]);
    const first = await core.receive(request({ group: 'cg-a' })).deliveries;
    expect(idsOf(first)).toEqual(['before', 'after']);
  });

  test('a failed acknowledgement is not confirmed, and can be repeated', async () => {
    const [taken] = await core.receive(request({ group: 'cg-b' })).deliveries;
    if (taken === undefined) throw new Error('nothing received');
    store.failure = new Error('no space left');
    const failed = core.acknowledge('cg-b', TOPIC, [taken.receiptHandle]);
    await expect(failed).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    store.failure = undefined;
    expect(await core.acknowledge('cg-b', TOPIC, [taken.receiptHandle])).toEqual([true]);
    const reopened = new BrokerCore(options);
    const rest = await reopened.receive(request({ group: 'cg-b' })).deliveries;
    expect(idsOf(rest)).not.toContain('before');
  });

  test('a progress write that fails does not let a later acknowledgement be forgotten', async () => {
    const deliveries = await core.receive(request({ group: 'cg-c' })).deliveries;
    store.failure = new Error('no space left');
    await clock.advance(brokerLimits.progressFlushMs);
    store.failure = undefined;
    const handles = deliveries.map((delivery) => delivery.receiptHandle);
    await core.acknowledge('cg-c', TOPIC, handles);
    const reopened = new BrokerCore(options);
    expect(await reopened.receive(request({ group: 'cg-c' })).deliveries).toEqual([]);
  });

  test('a dead letter that cannot be written is tried again', async () => {
    const group = 'cg-d';
    for (let attempt = 1; attempt <= 2; attempt++) {
      expect((await core.receive(request({ group })).deliveries).length).toBeGreaterThan(0);
      if (attempt === 2) store.failure = new Error('no space left');
      await clock.advance(INVISIBLE_MS, () => settle());
    }
    expect(core.find(deadLetterTopic(group), 'id', 'before', 10)).toEqual([]);
    store.failure = undefined;
    await clock.advance(brokerLimits.buryRetryMs * 2, () => settle());
    expect(core.find(deadLetterTopic(group), 'id', 'before', 10)).toHaveLength(1);
  });
});
