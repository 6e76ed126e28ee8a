import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { apache, codeOfStatusText, limits } from '@nomos/schemas';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  claims,
  GROUP,
  grant,
  OTHER_GROUP,
  OTHER_TOPIC,
  signed,
  TOPIC,
  testBundle,
} from '../edge/bundle.spec.support.js';
import { fixedBundleSource } from '../edge/bundle-source.js';
import { type Broker, startBroker } from '../start-broker.js';
import { milliseconds } from './duration.js';
import { message, RawClient } from './raw-client.spec.support.js';

const v2 = apache.rocketmq.v2;
const { Code, MessageType } = v2;

let folder: string;
let broker: Broker;
let producer: RawClient;
let consumer: RawClient;
const source = fixedBundleSource(testBundle());

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nomos-rpc-'));
  broker = await startBroker({ dataFolder: folder, port: 0, edge: { bundleSource: source } });
  producer = new RawClient(broker.endpoint, signed('paycore-key', 'paycore-secret'));
  consumer = new RawClient(broker.endpoint, { 'x-nomos-grant': await grant() });
});

afterAll(async () => {
  producer.close();
  consumer.close();
  await broker.close();
  await rm(folder, { recursive: true });
});

describe('SendMessage and ReceiveMessage', () => {
  test('a batch arrives whole, each message with its own id, tag, keys, properties and body', async () => {
    const sent = Array.from({ length: 5 }, (_, index) =>
      message(TOPIC, `id-${index}`, {
        userProperties: { number: String(index), text: 'zażółć gęślą jaźń' },
        system: { tag: `tag${index}`, keys: [`k-${index}`, 'ключ'], traceContext: '00-trace' },
      }),
    );
    const answer = await producer.send(...sent);
    expect(answer.status).toMatchObject({ code: Code.OK });
    expect(answer.entries.map((entry) => entry.messageId)).toEqual(['id-0', 'id-1', 'id-2', 'id-3', 'id-4']);
    const { status, messages } = await consumer.receive(GROUP, TOPIC);
    expect(status?.code).toBe(Code.OK);
    expect(messages).toHaveLength(5);
    for (const [index, received] of messages.entries()) {
      expect(received.topic?.name).toBe(TOPIC);
      expect(received.userProperties).toEqual({ number: String(index), text: 'zażółć gęślą jaźń' });
      expect(Buffer.from(received.body ?? []).toString()).toBe(`body of id-${index}`);
      expect(received.systemProperties).toMatchObject({
        ...{
          messageId: `id-${index}`,
          tag: `tag${index}`,
          keys: [`k-${index}`, 'ключ'],
          traceContext: '00-trace',
        },
        ...{ deliveryAttempt: 1, messageType: MessageType.NORMAL, bodyDigest: { type: v2.DigestType.MD5 } },
      });
      expect(Number(received.systemProperties?.queueOffset)).toBe(index);
      expect(milliseconds(received.systemProperties?.invisibleDuration)).toBe(10_000);
      expect(received.systemProperties?.bornHost).toBeTruthy();
      expect(milliseconds(received.systemProperties?.bornTimestamp)).toBeGreaterThan(1_700_000_000_000);
      expect(milliseconds(received.systemProperties?.storeTimestamp)).toBeGreaterThan(1_700_000_000_000);
    }
    const handles = messages.map((received) => received.systemProperties?.receiptHandle ?? '');
    expect((await consumer.ack(GROUP, TOPIC, ...handles)).status?.code).toBe(Code.OK);
    const mixed = await consumer.ack(GROUP, TOPIC, handles[0] ?? '', 'forged');
    expect(mixed.status?.code).toBe(Code.MULTIPLE_RESULTS);
    expect(mixed.entries.map((entry) => entry.status?.code)).toEqual([Code.OK, Code.INVALID_RECEIPT_HANDLE]);
  });

  test('what a sender puts into the fields of a delivery is replaced', async () => {
    const system = {
      receiptHandle: 'mine',
      deliveryAttempt: 99,
      queueOffset: 77,
      storeTimestamp: { seconds: 1 },
    };
    await producer.send(message(TOPIC, 'spoofed', { system }));
    const { messages } = await consumer.receive(GROUP, TOPIC);
    const found = messages[0]?.systemProperties;
    expect(found).toMatchObject({ messageId: 'spoofed', deliveryAttempt: 1 });
    expect(found?.receiptHandle).not.toBe('mine');
    expect(milliseconds(found?.storeTimestamp)).toBeGreaterThan(1_700_000_000_000);
    await consumer.ack(GROUP, TOPIC, found?.receiptHandle ?? '');
  });

  test('a bad message in a batch is refused, the others are stored', async () => {
    const answer = await producer.send(
      message(TOPIC, 'good'),
      message(TOPIC, 'bad', { body: Buffer.alloc(0) }),
    );
    expect(answer.status?.code).toBe(Code.MULTIPLE_RESULTS);
    expect(answer.entries.map((entry) => entry.status?.code)).toEqual([Code.OK, Code.MESSAGE_BODY_EMPTY]);
    const { messages } = await consumer.receive(GROUP, TOPIC);
    expect(messages.map((received) => received.systemProperties?.messageId)).toEqual(['good']);
    await consumer.ack(GROUP, TOPIC, messages[0]?.systemProperties?.receiptHandle ?? '');
  });

  test.each<[string, object[], number]>([
    ['no message', [], Code.MESSAGE_CORRUPTED],
    ['two topics', [message(TOPIC, 'a'), message(OTHER_TOPIC, 'b')], Code.MESSAGE_CORRUPTED],
    ['a blank id', [message(TOPIC, ' ')], Code.ILLEGAL_MESSAGE_ID],
    ['no body', [message(TOPIC, 'a', { body: Buffer.alloc(0) })], Code.MESSAGE_BODY_EMPTY],
    [
      'a body over the limit',
      [message(TOPIC, 'a', { body: Buffer.alloc(limits.messageBodyBytes + 1) })],
      Code.MESSAGE_BODY_TOO_LARGE,
    ],
    ['a tag with |', [message(TOPIC, 'a', { system: { tag: 'a|b' } })], Code.ILLEGAL_MESSAGE_TAG],
    ['a blank key', [message(TOPIC, 'a', { system: { keys: ['ok', ' '] } })], Code.ILLEGAL_MESSAGE_KEY],
    [
      'a control character in a property',
      [message(TOPIC, 'a', { userProperties: { a: 'b\u0001' } })],
      Code.ILLEGAL_MESSAGE_PROPERTY_KEY,
    ],
    [
      'properties over the limit',
      [message(TOPIC, 'a', { userProperties: { a: 'x'.repeat(limits.messagePropertiesBytes) } })],
      Code.MESSAGE_PROPERTIES_TOO_LARGE,
    ],
    [
      'a message group on a NORMAL topic',
      [message(TOPIC, 'a', { system: { messageGroup: 'g' } })],
      Code.MESSAGE_PROPERTY_CONFLICT_WITH_TYPE,
    ],
    [
      'a message group over the limit',
      [message(OTHER_TOPIC, 'a', { system: { messageGroup: 'g'.repeat(64) } })],
      Code.ILLEGAL_MESSAGE_GROUP,
    ],
    [
      'an ordered message without a message group',
      [message(OTHER_TOPIC, 'a', { system: { messageType: MessageType.FIFO } })],
      Code.ILLEGAL_MESSAGE_GROUP,
    ],
    [
      "a property of RocketMQ's own",
      [message(TOPIC, 'a', { userProperties: { UNIQ_KEY: 'b' } })],
      Code.ILLEGAL_MESSAGE_PROPERTY_KEY,
    ],
    [
      'a property that says it was resent',
      [message(TOPIC, 'a', { userProperties: { nomos_resent_from: 'b' } })],
      Code.ILLEGAL_MESSAGE_PROPERTY_KEY,
    ],
    [
      'a deduplication id over the limit',
      [message(TOPIC, 'a', { userProperties: { nomos_deduplication_id: 'x'.repeat(256) } })],
      Code.ILLEGAL_MESSAGE_PROPERTY_KEY,
    ],
    ['an unknown topic', [message('pay-paycore-nothing-here', 'a')], Code.TOPIC_NOT_FOUND],
    ['an illegal topic', [message('a b', 'a')], Code.ILLEGAL_TOPIC],
    [
      'too many messages',
      Array.from({ length: limits.sendBatchMessages + 1 }, () => message(TOPIC, 'a')),
      Code.PAYLOAD_TOO_LARGE,
    ],
  ])('%s is refused with its code', async (_, messages, code) => {
    const answer = await producer.send(...messages);
    expect(answer.status?.code).toBe(code);
    expect(codeOfStatusText(answer.status?.message ?? '')).toBeDefined();
  });

  test('a message of the greatest size passes', async () => {
    const answer = await producer.send(
      message(TOPIC, 'great', { body: Buffer.alloc(limits.messageBodyBytes, 1) }),
    );
    expect(answer.status?.code).toBe(Code.OK);
    const { messages } = await consumer.receive(GROUP, TOPIC);
    expect(messages[0]?.body?.length).toBe(limits.messageBodyBytes);
    await consumer.ack(GROUP, TOPIC, messages[0]?.systemProperties?.receiptHandle ?? '');
  });

  test.each([
    ['not protobuf', Buffer.from('ff'.repeat(40), 'hex')],
    ['cut off', Buffer.from([0x0a, 0x7f, 0x01])],
    ['a message without anything', Buffer.from([0x0a, 0x00])],
    ['text that is not UTF-8', Buffer.from('0a0b0a031201741a04' + '1a02ff41', 'hex')],
  ])('%s is MESSAGE_CORRUPTED', async (_, bytes) => {
    const answer = v2.SendMessageResponse.decode(await producer.unaryBytes('sendMessage', bytes));
    expect(answer.status?.code).toBe(Code.MESSAGE_CORRUPTED);
  });

  test.each<[string, object, number, number]>([
    [
      'an invisible duration too short',
      { invisibleDuration: { seconds: 9 } },
      30_000,
      Code.ILLEGAL_INVISIBLE_TIME,
    ],
    [
      'an invisible duration too long',
      { invisibleDuration: { seconds: 43_201 } },
      30_000,
      Code.ILLEGAL_INVISIBLE_TIME,
    ],
    ['a deadline too short to poll', {}, 4_000, Code.ILLEGAL_POLLING_TIME],
    ['another filter than registered', { filterExpression: { expression: 'OUT' } }, 30_000, Code.FORBIDDEN],
    [
      'a broken filter',
      { filterExpression: { expression: 'a || | b' } },
      30_000,
      Code.ILLEGAL_FILTER_EXPRESSION,
    ],
  ])('receiving with %s is refused', async (_, options, deadlineMs, code) => {
    expect((await consumer.receive(GROUP, TOPIC, options, deadlineMs)).status?.code).toBe(code);
  });

  test('nothing to receive is MESSAGE_NOT_FOUND after the long poll', async () => {
    const startedMs = Date.now();
    const { status } = await consumer.receive(GROUP, TOPIC);
    expect(status?.code).toBe(Code.MESSAGE_NOT_FOUND);
    expect(Date.now() - startedMs).toBeGreaterThan(4_900);
  });

  test('a client that goes while it waits takes no message with it', async () => {
    const call = consumer.startReceive(GROUP, TOPIC);
    call.on('error', () => {});
    await new Promise((resolve) => setTimeout(resolve, 100));
    call.cancel();
    await new Promise((resolve) => setTimeout(resolve, 100));
    await producer.send(message(TOPIC, 'kept'));
    const { messages } = await consumer.receive(GROUP, TOPIC);
    expect(messages.map((received) => received.systemProperties?.messageId)).toEqual(['kept']);
    const handle = messages[0]?.systemProperties?.receiptHandle ?? '';
    const changed = await consumer.change(GROUP, TOPIC, handle, 0);
    expect(changed.status?.code).toBe(Code.OK);
    const again = await consumer.receive(GROUP, TOPIC);
    expect(again.messages[0]?.systemProperties?.deliveryAttempt).toBe(2);
    await consumer.ack(GROUP, TOPIC, again.messages[0]?.systemProperties?.receiptHandle ?? '');
  });
});

describe('every RPC is checked', () => {
  const missing = { group: { name: GROUP }, topic: { name: TOPIC }, receiptHandle: 'x', entries: [{}] };
  const calls = [
    ['queryRoute', v2.QueryRouteRequest, v2.QueryRouteResponse],
    ['queryAssignment', v2.QueryAssignmentRequest, v2.QueryAssignmentResponse],
    ['heartbeat', v2.HeartbeatRequest, v2.HeartbeatResponse],
    ['ackMessage', v2.AckMessageRequest, v2.AckMessageResponse],
    ['changeInvisibleDuration', v2.ChangeInvisibleDurationRequest, v2.ChangeInvisibleDurationResponse],
    [
      'forwardMessageToDeadLetterQueue',
      v2.ForwardMessageToDeadLetterQueueRequest,
      v2.ForwardMessageToDeadLetterQueueResponse,
    ],
    ['notifyClientTermination', v2.NotifyClientTerminationRequest, v2.NotifyClientTerminationResponse],
  ] as const;

  test.each(calls)(
    '%s without credentials, as another application, and without a client id',
    async (...call) => {
      const [method, requestType, responseType] = call;
      const statusWith = async (metadata: Record<string, string>) => {
        const client = new RawClient(broker.endpoint, metadata);
        const answer = await client.unary<{ status?: apache.rocketmq.v2.IStatus | null }>(
          ...([method, requestType, responseType, missing] as const),
        );
        client.close();
        return answer.status?.code;
      };
      expect(await statusWith({})).toBe(Code.UNAUTHORIZED);
      expect(await statusWith(signed('sms-key', 'wrong'))).toBe(Code.UNAUTHORIZED);
      expect(await statusWith(signed('ledger-key', 'ledger-secret'))).toBe(
        method === 'queryRoute' ? Code.OK : Code.FORBIDDEN,
      );
      const withoutClientId = { ...signed('sms-key', 'sms-secret'), 'x-mq-client-id': '' };
      expect(await statusWith(withoutClientId)).toBe(Code.CLIENT_ID_REQUIRED);
    },
  );

  test('sending and receiving without credentials, or beyond them', async () => {
    const nobody = new RawClient(broker.endpoint, {});
    expect((await nobody.send(message(TOPIC, 'a'))).status?.code).toBe(Code.UNAUTHORIZED);
    expect((await nobody.receive(GROUP, TOPIC)).status?.code).toBe(Code.UNAUTHORIZED);
    nobody.close();
    expect((await consumer.receive(OTHER_GROUP, TOPIC)).status?.code).toBe(Code.FORBIDDEN);
    expect((await consumer.send(message(OTHER_TOPIC, 'a'))).status?.code).toBe(Code.FORBIDDEN);
    expect((await producer.receive(GROUP, TOPIC)).status?.code).toBe(Code.FORBIDDEN);
  });

  test('a grant that expires in the middle of a connection is refused from then on', async () => {
    const nowSeconds = Math.floor(Date.now() / 1000);
    const short = await grant(claims({ exp: nowSeconds + 2, jti: 'short' }));
    const client = new RawClient(broker.endpoint, { 'x-nomos-grant': short });
    expect((await client.send(message(TOPIC, ' '))).status?.code).toBe(Code.ILLEGAL_MESSAGE_ID);
    await new Promise((resolve) => setTimeout(resolve, 2_100));
    expect((await client.send(message(TOPIC, ' '))).status?.code).toBe(Code.UNAUTHORIZED);
    client.close();
  });

  test('a client that loses its right while it waits gets nothing, and another one gets the message', async () => {
    const session = 'revoked-while-waiting';
    const client = new RawClient(broker.endpoint, { 'x-nomos-grant': await grant(claims({ jti: session })) });
    const waiting = client.receive(GROUP, TOPIC, { longPollingTimeout: { seconds: 20 } });
    await new Promise((resolve) => setTimeout(resolve, 200));
    source.replace(testBundle({ revision: 6, revokedSessions: [session] }));
    await producer.send(message(TOPIC, 'not-for-the-revoked'));
    const refused = await waiting;
    expect([refused.status?.code, refused.messages]).toEqual([Code.UNAUTHORIZED, []]);
    const { messages } = await consumer.receive(GROUP, TOPIC);
    expect(messages.map((received) => received.systemProperties?.messageId)).toEqual(['not-for-the-revoked']);
    expect(messages[0]?.systemProperties?.deliveryAttempt).toBe(1);
    await consumer.ack(GROUP, TOPIC, messages[0]?.systemProperties?.receiptHandle ?? '');
    source.replace(testBundle());
    client.close();
  });

  test('a stream that begins with rubbish is refused as a bad request', async () => {
    const rubbish = Buffer.from('ff'.repeat(20), 'hex');
    const stream = consumer.telemetry();
    const failed = new Promise<unknown>((resolve) => stream.on('error', resolve));
    stream.on('data', () => {});
    stream.write(rubbish);
    expect(await failed).toMatchObject({ code: 3 });
    expect((await consumer.receiveBytes(rubbish)).status?.code).toBe(Code.BAD_REQUEST);
  });
});

describe('Telemetry', () => {
  const settings = (fields: object) => Buffer.from(v2.TelemetryCommand.encode({ settings: fields }).finish());

  test('a consumer gets its settings with the retry policy of its group, in the form of its language', async () => {
    const subscription = { group: { name: GROUP }, subscriptions: [{ topic: { name: TOPIC } }] };
    const java = await answerTo(
      consumer,
      settings({ subscription, userAgent: { language: v2.Language.JAVA } }),
    );
    expect(java.settings?.backoffPolicy?.maxAttempts).toBe(3);
    expect(java.settings?.backoffPolicy?.customizedBackoff?.next?.map(milliseconds)).toEqual([1_000, 5_000]);
    expect(java.settings?.subscription?.receiveBatchSize).toBe(32);
    expect(milliseconds(java.settings?.subscription?.longPollingTimeout)).toBe(20_000);
    const node = await answerTo(
      consumer,
      settings({ subscription, userAgent: { language: v2.Language.NODE_JS } }),
    );
    const exponential = node.settings?.backoffPolicy?.exponentialBackoff;
    expect([milliseconds(exponential?.initial), milliseconds(exponential?.max)]).toEqual([1_000, 5_000]);
  });

  test('a producer gets an exponential back-off and the limits', async () => {
    const answer = await answerTo(producer, settings({ publishing: { topics: [{ name: TOPIC }] } }));
    expect(answer.settings?.backoffPolicy?.exponentialBackoff).toBeTruthy();
    expect(answer.settings?.publishing).toMatchObject({ maxBodySize: 4_194_304, validateMessageType: true });
  });

  test.each<[string, object, number, number]>([
    [
      'an unknown group',
      { subscription: { group: { name: 'cg-un-known' } } },
      3,
      Code.CONSUMER_GROUP_NOT_FOUND,
    ],
    [
      'the group of another application',
      { subscription: { group: { name: OTHER_GROUP } } },
      7,
      Code.FORBIDDEN,
    ],
    ['neither a producer nor a consumer', {}, 3, Code.UNRECOGNIZED_CLIENT_TYPE],
  ])('settings of %s end the stream', async (_, fields, grpcCode, code) => {
    const stream = consumer.telemetry();
    const failed = new Promise<unknown>((resolve) => stream.on('error', resolve));
    const first = once(stream, 'data');
    stream.write(settings(fields));
    expect(v2.TelemetryCommand.decode((await first)[0]).status?.code).toBe(code);
    expect(await failed).toMatchObject({ code: grpcCode });
  });

  async function answerTo(client: RawClient, command: Buffer) {
    const stream = client.telemetry();
    stream.write(command);
    const [answer] = await once(stream, 'data');
    stream.end();
    return v2.TelemetryCommand.decode(answer);
  }
});
