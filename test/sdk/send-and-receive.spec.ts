import { type Message, type Nomos, type Producer, tag } from '@nomos/sdk';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Platform, PRODUCER_GROUP, waitFor } from '../platform.js';

let platform: Platform;
let nomos: Nomos;
let producer: Producer;

beforeAll(async () => {
  platform = await Platform.start();
});

afterAll(async () => {
  await platform.close();
});

beforeEach(async () => {
  nomos = await platform.connect();
});

afterEach(async () => {
  await nomos.close({ timeoutMs: 2_000 });
});

const retry = { maxAttempts: 3, delaysMs: [100, 100] };

describe('a sent message', () => {
  test('arrives with all that was sent, and with the metadata that the SDK stamps', async () => {
    const topic = await platform.topic();
    const group = await platform.consumerGroup([topic]);
    producer = await nomos.producer({ group: PRODUCER_GROUP });
    const got: Message[] = [];
    const consumer = await nomos.consumer({
      group,
      subscribe: { [topic]: '*' },
      handle: (message) => void got.push(message),
    });
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const before = Date.now();
    const receipt = await producer.send({
      ...{ topic, key: 'T-1', keys: ['account 7'], tag: 'OUT', body: { amount: '12.50', to: 'Žižkov' } },
      ...{ properties: { channel: 'mobilní' }, businessId: 'B-1', traceparent },
    });
    expect(receipt).toMatchObject({ topic, offset: 0 });
    await waitFor('the message', () => consumer.stats().handled === 1);
    const [message] = got;
    expect(message).toMatchObject({
      ...{ id: receipt.messageId, topic, key: 'T-1', keys: ['T-1', 'account 7'], tag: 'OUT' },
      ...{ properties: { channel: 'mobilní' }, deliveryAttempt: 1, offset: 0 },
    });
    expect(message?.json()).toEqual({ amount: '12.50', to: 'Žižkov' });
    expect(message?.bornAt?.getTime()).toBeGreaterThanOrEqual(before);
    expect(message?.metadata).toMatchObject({
      ...{
        id: receipt.messageId,
        source: 'urn:nomos:paycore',
        type: topic,
        subject: 'T-1',
        businessId: 'B-1',
      },
      ...{ application: 'paycore', producerGroup: PRODUCER_GROUP, norm: 'default@1', traceparent },
      ...{ dataContentType: 'application/json', sdk: expect.stringContaining('@nomos/sdk') },
    });
  });

  test.each([
    ['bytes', Buffer.from([0, 255, 1]), 'application/octet-stream'],
    ['text', 'příkaz', 'text/plain'],
    ['a number', 7, 'application/json'],
    ['null', null, 'application/json'],
  ])('may have a body of %s', async (_, body, contentType) => {
    const topic = await platform.topic();
    const group = await platform.consumerGroup([topic]);
    producer = await nomos.producer({ group: PRODUCER_GROUP });
    await producer.send({ topic, key: '1', body });
    const got: Message[] = [];
    await nomos.consumer({ group, subscribe: { [topic]: '*' }, handle: (message) => void got.push(message) });
    await waitFor('the message', () => got.length === 1);
    const expected =
      body instanceof Buffer ? body : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
    expect(Buffer.from(got[0]?.body ?? [])).toEqual(expected);
    expect(got[0]?.metadata.dataContentType).toBe(contentType);
  });

  test('is handled once by each group, and by one of the instances of a group', async () => {
    const topic = await platform.topic();
    const groups = [await platform.consumerGroup([topic]), await platform.consumerGroup([topic])];
    producer = await nomos.producer({ group: PRODUCER_GROUP, topics: [topic] });
    const other = await platform.connect();
    const got = new Map(groups.map((group) => [group, [] as string[]]));
    for (const connection of [nomos, other]) {
      for (const group of groups) {
        await connection.consumer({
          group,
          subscribe: { [topic]: '*' },
          handle: ({ key }) => void got.get(group)?.push(key ?? ''),
        });
      }
    }
    const keys = Array.from({ length: 500 }, (_, index) => `K-${index}`);
    await Promise.all(keys.map((key) => producer.send({ topic, key, body: key })));
    await waitFor('all messages', () => [...got.values()].every((list) => list.length >= keys.length));
    await other.close();
    for (const list of got.values()) expect(list.toSorted()).toEqual(keys.toSorted());
  });

  test('reaches a group only with a tag that it subscribes to', async () => {
    const topic = await platform.topic();
    const group = await platform.consumerGroup([topic], 'OUT||BACK');
    producer = await nomos.producer({ group: PRODUCER_GROUP });
    const got: string[] = [];
    await nomos.consumer({
      group,
      subscribe: { [topic]: tag('BACK', 'OUT') },
      handle: ({ key }) => void got.push(key ?? ''),
    });
    const tags = ['OUT', 'IN', undefined, 'BACK'];
    for (const [index, one] of tags.entries()) {
      await producer.send({ topic, key: `${index}`, body: '-', ...(one === undefined ? {} : { tag: one }) });
    }
    await waitFor('the matching messages', () => got.length === 2);
    expect(got.toSorted()).toEqual(['0', '3']);
  });
});

describe('a handler that throws', () => {
  test.each([
    ['an error', new Error('no')],
    ['what is no error', 'no'],
    ['nothing', undefined],
  ])('%s gets the message again, until its attempts are used up', async (_, thrown) => {
    const topic = await platform.topic();
    const group = await platform.consumerGroup([topic], '*', retry);
    producer = await nomos.producer({ group: PRODUCER_GROUP });
    const attempts: number[] = [];
    const errors: unknown[] = [];
    const consumer = await nomos.consumer({
      ...{ group, subscribe: { [topic]: '*' } },
      onError: (error) => {
        errors.push(error);
        throw new Error('an onError that fails itself');
      },
      handle: ({ deliveryAttempt }) => {
        attempts.push(deliveryAttempt);
        throw thrown;
      },
    });
    await producer.send({ topic, key: '1', body: '-' });
    await waitFor('the dead letter', () => consumer.stats().deadLettered === 1);
    expect(attempts).toEqual([1, 2, 3]);
    expect(errors).toEqual([thrown, thrown, thrown]);
    expect(consumer.stats()).toMatchObject({
      received: 3,
      handled: 0,
      retried: 2,
      deadLettered: 1,
      inFlight: 0,
    });
  });
});

describe('concurrency', () => {
  test('is never exceeded, and is used', async () => {
    const topic = await platform.topic();
    const group = await platform.consumerGroup([topic]);
    producer = await nomos.producer({ group: PRODUCER_GROUP });
    await Promise.all(
      Array.from({ length: 60 }, (_, index) => producer.send({ topic, key: `${index}`, body: '-' })),
    );
    let running = 0;
    let most = 0;
    const consumer = await nomos.consumer({
      ...{ group, subscribe: { [topic]: '*' }, concurrency: 5 },
      handle: async () => {
        most = Math.max(most, ++running);
        await new Promise((resolve) => setTimeout(resolve, 5));
        running--;
      },
    });
    await waitFor('all messages', () => consumer.stats().handled === 60);
    expect(most).toBe(5);
    expect(consumer.stats()).toMatchObject({ received: 60, lost: 0 });
  });
});
