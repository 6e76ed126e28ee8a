import { type Nomos, NomosError, type OutgoingMessage, type Producer } from '@nomos/sdk';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Platform, PRODUCER_GROUP } from '../platform.js';

let platform: Platform;
let nomos: Nomos;
let producer: Producer;
let topic: string;

beforeAll(async () => {
  platform = await Platform.start();
  topic = await platform.topic();
  nomos = await platform.connect();
  producer = await nomos.producer({ group: PRODUCER_GROUP });
});

afterAll(async () => {
  await nomos.close();
  await platform.close();
});

async function refusal(action: () => Promise<unknown>): Promise<NomosError> {
  const error: unknown = await action().then(
    () => undefined,
    (thrown) => thrown,
  );
  if (error instanceof NomosError) return error;
  throw new Error(`refused by no NomosError but ${error}`);
}

const refusedSend = (message: Partial<OutgoingMessage>) =>
  refusal(() => producer.send({ topic, key: '1', body: '-', ...message }));

describe('a send is refused before it leaves', () => {
  test('to a topic that is not granted, with what to do', async () => {
    const error = await refusedSend({ topic: 'pay-paycore-refund-requested' });
    expect(error).toMatchObject({
      code: 'TOPIC_NOT_GRANTED',
      fix: expect.stringContaining('POST /v1/topics'),
    });
  });

  test('to a topic whose name nobody could register, with a better one', async () => {
    const error = await refusedSend({ topic: 'Pay-Paycore-Refund-Requested' });
    expect(error.code).toBe('NAME_ILLEGAL');
    expect(error.violations.length).toBeGreaterThan(0);
    expect(error.fix).toContain('pay-paycore-refund-requested');
  });

  test('with everything that is wrong with it at once', async () => {
    const { code, violations } = await refusedSend({
      ...{
        key: '\u0001',
        tag: 'not a tag',
        properties: { nomos_app: 'x', 'Bad Name': 'y' },
        traceparent: 'zz',
        body: '',
      },
    });
    expect(code).toBe('MESSAGE_ILLEGAL');
    const places = violations.map(({ where }) => where);
    for (const where of [
      'keys[0]',
      'tag',
      'properties.nomos_app',
      'properties.Bad Name',
      'traceparent',
      'body',
    ]) {
      expect(places).toContain(where);
    }
  });

  test.each<[string, Partial<OutgoingMessage>, string]>([
    ['a blank key', { key: ' ' }, 'message-type'],
    ['a body over 4 MiB', { body: Buffer.alloc(4 * 1024 * 1024 + 1) }, 'message-body-size'],
    ['too many properties', { properties: manyProperties() }, 'message-properties-size'],
    ['a body that is undefined', { body: undefined }, 'message-body-json'],
    ['a body with a BigInt', { body: { amount: 1n } }, 'message-body-json'],
    ['a body with a circle', { body: circle() }, 'message-body-json'],
  ])('for %s', async (_, message, rule) => {
    const error = await refusedSend(message);
    expect(error.code).toBe('MESSAGE_ILLEGAL');
    expect(error.violations.map((violation) => violation.rule)).toContain(rule);
  });

  test('without a key, since the norm requires one', async () => {
    const error = await refusal(() => producer.send({ topic, body: '-' }));
    expect(error.violations.map(({ rule }) => rule)).toEqual(['message-key-required']);
  });

  test('after the producer was closed', async () => {
    const closed = await nomos.producer({ group: PRODUCER_GROUP });
    await closed.close();
    expect((await refusal(() => closed.send({ topic, key: '1', body: '-' }))).code).toBe('CLOSED');
  });
});

describe('the registry refuses', () => {
  test("another application's group, naming its owner, and with it every other reason", async () => {
    const group = await platform.consumerGroup([topic]);
    await platform.application('antifraud');
    const other = await platform.connect({
      ...{ application: 'antifraud', credentials: await platform.credentialsOf('antifraud') },
    });
    const subscribe = { [topic]: '*', 'pay-paycore-absent-opened': '*' };
    const error = await refusal(() => other.consumer({ group, subscribe, handle() {} }));
    expect(error.code).toBe('MANIFEST_REFUSED');
    expect(error.violations.map(({ rule }) => rule)).toEqual(['group-owner', 'topic-not-registered']);
    await other.close();
  });

  test('a subscription that splits the group, from this process and from another', async () => {
    const group = await platform.consumerGroup([topic]);
    const more = await platform.topic();
    const consumer = await nomos.consumer({ group, subscribe: { [topic]: '*' }, handle() {} });
    const subscribe = { [topic]: '*', [more]: '*' };
    await platform.admin('POST', '/v1/subscriptions', { group, topic: more });
    for (const connection of [nomos, await platform.connect()]) {
      const error = await refusal(() => connection.consumer({ group, subscribe, handle() {} }));
      expect(error.violations.map(({ rule }) => rule)).toEqual(['subscription-split']);
      if (connection !== nomos) await connection.close();
    }
    await consumer.close();
    // Once the last consumer with the old subscription has gone, the new one is admitted.
    const next = await nomos.consumer({ group, subscribe, handle() {} });
    await next.close();
  });

  test('wrong credentials, and options that cannot work', async () => {
    const connect = (options: object) => refusal(() => platform.connect(options));
    expect((await connect({ credentials: 'nomos_app_x_y' })).code).toBe('UNAUTHENTICATED');
    expect((await connect({ credentials: undefined })).code).toBe('CONFIGURATION_INVALID');
    expect((await connect({ registry: 'here' })).code).toBe('CONFIGURATION_INVALID');
    expect((await connect({ registry: 'http://127.0.0.1:1' })).code).toBe('UNAVAILABLE');
    const consumer = (options: object) =>
      refusal(() =>
        nomos.consumer({ group: 'cg-paycore-x', subscribe: { [topic]: '*' }, handle() {}, ...options }),
      );
    expect((await consumer({ concurrency: 0 })).code).toBe('CONFIGURATION_INVALID');
    expect((await consumer({ invisibleDurationMs: 1 })).code).toBe('CONFIGURATION_INVALID');
    expect((await consumer({ subscribe: {} })).code).toBe('CONFIGURATION_INVALID');
  });
});

function manyProperties(): Record<string, string> {
  return Object.fromEntries(Array.from({ length: 130 }, (_, index) => [`p${index}`, 'x']));
}

function circle(): object {
  const one: { self?: object } = {};
  one.self = one;
  return one;
}
