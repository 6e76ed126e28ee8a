import { silentLogger } from '@nomos/schemas';
import { beforeEach, describe, expect, test } from 'vitest';
import { MemoryStore } from '../../store/memory-store.js';
import { BrokerCore } from '../broker-core.js';
import { brokerLimits } from '../broker-limits.js';
import { deadLetterTopic, defaultTopicTerms } from '../catalog.js';
import { CONSUMER, INVISIBLE_MS, idsOf, newMessage, request, settle, TOPIC } from '../core.spec.support.js';
import type { NewMessage } from '../log/topic-log.js';
import { SimulatedClock } from '../simulated-clock.js';

describe('receiving on a failing store', () => {
  const clock = new SimulatedClock();
  const store = new MemoryStore();
  const options = {
    ...{ store, clock, log: silentLogger, handleKey: Buffer.alloc(32, 7) },
    catalog: {
      topic: () => defaultTopicTerms,
      consumerGroup: () => ({ maxAttempts: 2, broadcasting: false }),
    },
    randomNumber: () => 5,
    newMessageId: () => 'new',
    isClientAlive: () => false,
    checkBack: () => false,
  };
  let core: BrokerCore;
  const send = (messages: NewMessage[]) =>
    core.sending.send({ topic: TOPIC, queue: 0, application: 'paycore', messages });
  beforeEach(() => {
    core = new BrokerCore(options);
  });

  test('a failed send is refused and never seen, later ones are', async () => {
    await send([newMessage('before')]);
    store.failure = new Error('no space left');
    await expect(send([newMessage('lost')])).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    store.failure = undefined;
    await send([newMessage('after')]);
    const first = await core.receiving.receive(request({ group: 'cg-a' })).deliveries;
    expect(idsOf(first)).toEqual(['before', 'after']);
  });

  test('a failed acknowledgement is not confirmed, and can be repeated', async () => {
    const [taken] = await core.receiving.receive(request({ group: 'cg-b' })).deliveries;
    if (taken === undefined) throw new Error('nothing received');
    store.failure = new Error('no space left');
    const failed = core.receiving.acknowledge({ ...CONSUMER, group: 'cg-b' }, [taken.receiptHandle]);
    await expect(failed).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    store.failure = undefined;
    expect(await core.receiving.acknowledge({ ...CONSUMER, group: 'cg-b' }, [taken.receiptHandle])).toEqual([
      true,
    ]);
    const reopened = new BrokerCore(options);
    const rest = await reopened.receiving.receive(request({ group: 'cg-b' })).deliveries;
    expect(idsOf(rest)).not.toContain('before');
  });

  test('a progress write that fails does not let a later acknowledgement be forgotten', async () => {
    const deliveries = await core.receiving.receive(request({ group: 'cg-c' })).deliveries;
    store.failure = new Error('no space left');
    await clock.advance(brokerLimits.progressFlushMs);
    store.failure = undefined;
    const handles = deliveries.map((delivery) => delivery.receiptHandle);
    await core.receiving.acknowledge({ ...CONSUMER, group: 'cg-c' }, handles);
    const reopened = new BrokerCore(options);
    expect(await reopened.receiving.receive(request({ group: 'cg-c' })).deliveries).toEqual([]);
  });

  test('a dead letter that cannot be written is tried again', async () => {
    const group = 'cg-d';
    for (let attempt = 1; attempt <= 2; attempt++) {
      expect((await core.receiving.receive(request({ group })).deliveries).length).toBeGreaterThan(0);
      if (attempt === 2) store.failure = new Error('no space left');
      await clock.advance(INVISIBLE_MS, () => settle());
    }
    expect(core.search.byId(deadLetterTopic(group), 'before', 10)).toEqual([]);
    store.failure = undefined;
    await clock.advance(brokerLimits.buryRetryMs * 2, () => settle());
    expect(core.search.byId(deadLetterTopic(group), 'before', 10)).toHaveLength(1);
  });
});
