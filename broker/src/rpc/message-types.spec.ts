import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { apache, limits } from '@nomos/schemas';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { brokerLimits } from '../core/broker-limits.js';
import { signed, testBundle } from '../edge/bundle.spec.support.js';
import { fixedBundleSource } from '../edge/bundle-source.js';
import { type Broker, startBroker } from '../start-broker.js';
import { protoDuration } from './duration.js';
import { message, RawClient } from './raw-client.spec.support.js';

const v2 = apache.rocketmq.v2;
const { Code, MessageType, TransactionResolution, QueryOffsetPolicy, FilterType } = v2;

const NORMAL = 'pay-core-transfer-completed';
const ORDERED = 'pay-core-account-changed';
const DELAYED = 'pay-core-order-expired';
const TRANSACTIONAL = 'pay-core-transfer-booked';
const GROUP = 'cg-sms-notify';
const SQL_GROUP = 'cg-sms-large';
const SQL = "amount > 100 AND TAGS = 'OUT'";

const all = { type: 'tag', expression: '*' } as const;
const subscriptions = [NORMAL, ORDERED, DELAYED, TRANSACTIONAL].map((topic) => ({ topic, filter: all }));
const bundle = testBundle({
  topics: [
    { name: NORMAL, messageType: 'NORMAL', queues: 1 },
    { name: ORDERED, messageType: 'FIFO', queues: 4 },
    { name: DELAYED, messageType: 'DELAY', queues: 2 },
    { name: TRANSACTIONAL, messageType: 'TRANSACTION', queues: 2 },
  ],
  consumerGroups: [
    { name: GROUP, application: 'sms', retry: { maxAttempts: 2, delaysMs: [10] }, subscriptions },
    {
      ...{ name: SQL_GROUP, application: 'sms', retry: { maxAttempts: 2, delaysMs: [10] } },
      subscriptions: [{ topic: NORMAL, filter: { type: 'sql', expression: SQL } }],
    },
  ],
  accessKeys: [
    {
      ...{ accessKey: 'paycore-key', secretKey: 'paycore-secret', application: 'paycore' },
      publish: [NORMAL, ORDERED, DELAYED, TRANSACTIONAL],
    },
    { accessKey: 'sms-key', secretKey: 'sms-secret', application: 'sms', publish: [] },
  ],
});

let folder: string;
let broker: Broker;
let producer: RawClient;
let consumer: RawClient;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nomos-types-'));
  broker = await startBroker({
    ...{ dataFolder: folder, port: 0, edge: { bundleSource: fixedBundleSource(bundle) } },
  });
  producer = new RawClient(broker.endpoint, signed('paycore-key', 'paycore-secret'));
  consumer = new RawClient(broker.endpoint, signed('sms-key', 'sms-secret'));
});

afterAll(async () => {
  producer.close();
  consumer.close();
  await broker.close();
  await rm(folder, { recursive: true });
});

const idsOf = (messages: readonly apache.rocketmq.v2.IMessage[]) =>
  messages.map(({ systemProperties }) => systemProperties?.messageId);

async function acknowledge(topic: string, messages: readonly apache.rocketmq.v2.IMessage[]): Promise<void> {
  const handles = messages.map(({ systemProperties }) => systemProperties?.receiptHandle ?? '');
  expect((await consumer.ack(GROUP, topic, ...handles)).status?.code).toBe(Code.OK);
}

describe('ordered messages', () => {
  const ordered = (id: string, messageGroup: string) =>
    message(ORDERED, id, { system: { messageType: MessageType.FIFO, messageGroup } });

  test('a batch keeps the order of each message group, and a group waits for its first', async () => {
    const sent = await producer.send(...['a1', 'b1', 'a2', 'b2'].map((id) => ordered(id, id.charAt(0))));
    expect(sent.status?.code).toBe(Code.OK);
    const first = await consumer.receive(GROUP, ORDERED, { batchSize: 1 });
    const group = idsOf(first.messages)[0]?.charAt(0) ?? '';
    const others = await consumer.receive(GROUP, ORDERED);
    expect(idsOf(others.messages).every((id) => !id?.startsWith(group))).toBe(true);
    expect(others.messages).toHaveLength(2);
    await acknowledge(ORDERED, first.messages);
    const rest = await consumer.receive(GROUP, ORDERED);
    expect(idsOf(rest.messages)).toEqual([`${group}2`]);
    expect(rest.messages[0]?.systemProperties?.messageGroup).toBe(group);
    await acknowledge(ORDERED, [...others.messages, ...rest.messages]);
  });

  test('a consumer of an ordered topic is told so', async () => {
    const stream = consumer.telemetry();
    const answered = new Promise<Buffer>((resolve) => stream.once('data', resolve));
    stream.on('error', () => {});
    const subscription = { group: { name: GROUP }, subscriptions: [{ topic: { name: ORDERED } }] };
    stream.write(Buffer.from(v2.TelemetryCommand.encode({ settings: { subscription } }).finish()));
    const { settings } = v2.TelemetryCommand.decode(await answered);
    expect(settings?.subscription?.fifo).toBe(true);
    stream.end();
  });
});

describe('delayed messages', () => {
  const delayed = (id: string, delayMs: number) => {
    const deliveryTimestamp = protoDuration(Date.now() + delayMs);
    return message(DELAYED, id, { system: { messageType: MessageType.DELAY, deliveryTimestamp } });
  };
  const recall = (recallHandle: string) =>
    producer.unary('recallMessage', v2.RecallMessageRequest, v2.RecallMessageResponse, {
      topic: { name: DELAYED },
      recallHandle,
    });

  test('one comes at its time; one that is recalled never does', async () => {
    const dueAtMs = Date.now() + 700;
    const sent = await producer.send(delayed('kept', 700), delayed('recalled', 700));
    const [, second] = sent.entries;
    const recalled = await recall(second?.recallHandle ?? '');
    expect(recalled).toMatchObject({ messageId: 'recalled', status: { code: Code.OK } });
    const { messages } = await consumer.receive(GROUP, DELAYED);
    expect(Date.now()).toBeGreaterThanOrEqual(dueAtMs);
    expect(idsOf(messages)).toEqual(['kept']);
    await acknowledge(DELAYED, messages);
    expect((await recall(second?.recallHandle ?? '')).status?.code).toBe(Code.MESSAGE_NOT_FOUND);
    expect((await recall('forged')).status?.code).toBe(Code.BAD_REQUEST);
  });

  test.each([
    ['beyond 40 days', brokerLimits.deliveryDelayMs + 60_000],
    ['in a far future', 1e14],
  ])('a time %s is refused', async (_, delayMs) => {
    const sent = await producer.send(delayed('never', delayMs));
    expect(sent.status?.code).toBe(Code.ILLEGAL_DELIVERY_TIME);
  });
});

describe('transactional messages', () => {
  const half = (id: string, recoverySeconds = 60) =>
    message(TRANSACTIONAL, id, {
      system: {
        messageType: MessageType.TRANSACTION,
        orphanedTransactionRecoveryDuration: { seconds: recoverySeconds },
      },
    });
  const end = (transactionId: string, resolution: apache.rocketmq.v2.TransactionResolution) =>
    producer.unary('endTransaction', v2.EndTransactionRequest, v2.EndTransactionResponse, {
      ...{ topic: { name: TRANSACTIONAL }, messageId: 'any', transactionId, resolution },
    });

  test('a half message is seen after its commit only', async () => {
    const sent = await producer.send(half('committed'), half('rolled-back'));
    const [committed, rolledBack] = sent.entries.map((entry) => entry.transactionId ?? '');
    expect((await end(rolledBack ?? '', TransactionResolution.ROLLBACK)).status?.code).toBe(Code.OK);
    expect((await end(committed ?? '', TransactionResolution.COMMIT)).status?.code).toBe(Code.OK);
    const { messages } = await consumer.receive(GROUP, TRANSACTIONAL);
    expect(idsOf(messages)).toEqual(['committed']);
    await acknowledge(TRANSACTIONAL, messages);
    const again = await end(rolledBack ?? '', TransactionResolution.COMMIT);
    expect(again.status?.code).toBe(Code.INTERNAL_SERVER_ERROR);
    expect((await end(' ', TransactionResolution.COMMIT)).status?.code).toBe(Code.INVALID_TRANSACTION_ID);
    const undecided = await end(committed ?? '', TransactionResolution.TRANSACTION_RESOLUTION_UNSPECIFIED);
    expect(undecided.status?.code).toBe(Code.BAD_REQUEST);
  });

  test('another producer of the application is asked when the sender is gone, and its answer counts', async () => {
    const sender = new RawClient(broker.endpoint, {
      ...signed('paycore-key', 'paycore-secret'),
      'x-mq-client-id': 'the-sender',
    });
    await sender.send(half('orphan', 1));
    sender.close();
    const stream = producer.telemetry();
    stream.on('error', () => {});
    const question = new Promise<apache.rocketmq.v2.IRecoverOrphanedTransactionCommand>((resolve) => {
      stream.on('data', (bytes: Buffer) => {
        const { recoverOrphanedTransactionCommand } = v2.TelemetryCommand.decode(bytes);
        if (recoverOrphanedTransactionCommand) resolve(recoverOrphanedTransactionCommand);
      });
    });
    const settings = { publishing: { topics: [{ name: TRANSACTIONAL }] } };
    stream.write(Buffer.from(v2.TelemetryCommand.encode({ settings }).finish()));
    const asked = await question;
    expect(asked.message?.systemProperties?.messageId).toBe('orphan');
    expect(asked.message?.topic?.name).toBe(TRANSACTIONAL);
    expect(Buffer.from(asked.message?.body ?? []).toString()).toBe('body of orphan');
    expect((await end(asked.transactionId ?? '', TransactionResolution.COMMIT)).status?.code).toBe(Code.OK);
    stream.end();
    const { messages } = await consumer.receive(GROUP, TRANSACTIONAL);
    expect(idsOf(messages)).toEqual(['orphan']);
    await acknowledge(TRANSACTIONAL, messages);
  });
});

describe('filters, offsets, pulling and deduplication', () => {
  const pull = (offset: number, options: object = {}) =>
    consumer.pull({
      ...{ group: { name: GROUP }, messageQueue: { topic: { name: NORMAL }, id: 0 }, offset, batchSize: 32 },
      ...{ longPollingTimeout: { seconds: 5 }, ...options },
    });
  const offsetOf = async (policy: apache.rocketmq.v2.QueryOffsetPolicy, timestamp?: object) => {
    const answer = await consumer.unary('queryOffset', v2.QueryOffsetRequest, v2.QueryOffsetResponse, {
      messageQueue: { topic: { name: NORMAL }, id: 0 },
      queryOffsetPolicy: policy,
      ...(timestamp === undefined ? {} : { timestamp }),
    });
    return answer.status?.code === Code.OK ? answer.offset : answer.status?.code;
  };

  test('SQL selects by properties and tag; a syntax error is refused with its position', async () => {
    const order = (id: string, amount: string, tag: string) =>
      message(NORMAL, id, { userProperties: { amount }, system: { tag } });
    await producer.send(
      order('small', '99', 'OUT'),
      order('large', '101', 'OUT'),
      order('fee', '500', 'FEE'),
    );
    const filterExpression = { type: FilterType.SQL, expression: SQL };
    const { messages } = await consumer.receive(SQL_GROUP, NORMAL, { filterExpression });
    expect(idsOf(messages)).toEqual(['large']);
    const broken = { type: FilterType.SQL, expression: 'amount > AND' };
    const { status } = await consumer.receive(SQL_GROUP, NORMAL, { filterExpression: broken });
    expect(status?.code).toBe(Code.ILLEGAL_FILTER_EXPRESSION);
    expect(status?.message).toContain('position 10');
    const other = { type: FilterType.SQL, expression: 'amount > 5' };
    const refused = await consumer.receive(SQL_GROUP, NORMAL, { filterExpression: other });
    expect(refused.status?.code).toBe(Code.FORBIDDEN);
  });

  test('a settings command with a broken SQL filter is refused with its position', async () => {
    const stream = consumer.telemetry();
    const failed = new Promise<Error>((resolve) => stream.on('error', resolve));
    stream.on('data', () => {});
    const expression = { type: FilterType.SQL, expression: 'amount BETWEEN 1' };
    const subscription = {
      group: { name: SQL_GROUP },
      subscriptions: [{ topic: { name: NORMAL }, expression }],
    };
    stream.write(Buffer.from(v2.TelemetryCommand.encode({ settings: { subscription } }).finish()));
    expect((await failed).message).toContain('position');
  });

  test('a group reads by offsets, keeps one at the broker, and finds one by time', async () => {
    const startMs = Date.now();
    const begin = (await offsetOf(QueryOffsetPolicy.END)) ?? 0;
    await producer.send(message(NORMAL, 'one'), message(NORMAL, 'two'));
    const pulled = await pull(begin);
    expect(idsOf(pulled.messages)).toEqual(['one', 'two']);
    expect(pulled.messages[0]?.systemProperties?.queueOffset).toBe(begin);
    expect(pulled.nextOffset).toBe(begin + 2);
    expect(await offsetOf(QueryOffsetPolicy.TIMESTAMP, protoDuration(startMs))).toBe(begin);
    expect(await offsetOf(QueryOffsetPolicy.BEGINNING)).toBe(0);
    expect(await offsetOf(QueryOffsetPolicy.TIMESTAMP)).toBe(Code.ILLEGAL_OFFSET);
    const place = { group: { name: GROUP }, messageQueue: { topic: { name: NORMAL }, id: 0 } };
    const update = (offset: number) =>
      consumer.unary('updateOffset', v2.UpdateOffsetRequest, v2.UpdateOffsetResponse, { ...place, offset });
    expect((await update(begin + 1)).status?.code).toBe(Code.OK);
    const kept = await consumer.unary('getOffset', v2.GetOffsetRequest, v2.GetOffsetResponse, place);
    expect(kept.offset).toBe(begin + 1);
    expect(idsOf((await consumer.receive(GROUP, NORMAL)).messages)).toEqual(['two']);
    for (const absurd of [-1, begin + 99, Number.MAX_SAFE_INTEGER]) {
      expect((await update(absurd)).status?.code).toBe(Code.ILLEGAL_OFFSET);
      expect((await pull(absurd)).status?.code).toBe(Code.ILLEGAL_OFFSET);
    }
  });

  test('a pull waits for a message, and answers where to go on when none comes', async () => {
    const end = (await offsetOf(QueryOffsetPolicy.END)) ?? 0;
    const waiting = pull(end);
    await producer.send(message(NORMAL, 'fresh'));
    expect(idsOf((await waiting).messages)).toEqual(['fresh']);
    const nothing = await pull(end + 1);
    expect(nothing).toMatchObject({ status: { code: Code.MESSAGE_NOT_FOUND }, nextOffset: end + 1 });
  });

  test('the second message with a deduplication id gets the receipt of the first', async () => {
    const userProperties = { nomos_deduplication_id: 'transfer-17' };
    const [first] = (await producer.send(message(NORMAL, 'first', { userProperties }))).entries;
    const [second] = (await producer.send(message(NORMAL, 'second', { userProperties }))).entries;
    expect(second).toMatchObject({ messageId: 'first', offset: first?.offset });
  });
});

test('the new RPCs are checked like the others', async () => {
  const nobody = new RawClient(broker.endpoint, {});
  const place = { group: { name: GROUP }, messageQueue: { topic: { name: NORMAL }, id: 0 } };
  const topic = { name: NORMAL };
  const asked = [
    ['updateOffset', v2.UpdateOffsetRequest, v2.UpdateOffsetResponse, place],
    ['getOffset', v2.GetOffsetRequest, v2.GetOffsetResponse, place],
    ['queryOffset', v2.QueryOffsetRequest, v2.QueryOffsetResponse, place],
    ['endTransaction', v2.EndTransactionRequest, v2.EndTransactionResponse, { topic, transactionId: 'a' }],
    ['recallMessage', v2.RecallMessageRequest, v2.RecallMessageResponse, { topic, recallHandle: 'a' }],
  ] as const;
  for (const [method, requestType, responseType, request] of asked) {
    const unknown = await nobody.unary<{ status?: apache.rocketmq.v2.IStatus | null }>(
      ...([method, requestType, responseType, request] as const),
    );
    expect([method, unknown.status?.code]).toEqual([method, Code.UNAUTHORIZED]);
    const isProducers = method === 'endTransaction' || method === 'recallMessage';
    const wrong = isProducers ? consumer : producer;
    const foreign = await wrong.unary<{ status?: apache.rocketmq.v2.IStatus | null }>(
      ...([method, requestType, responseType, request] as const),
    );
    const expected = method === 'queryOffset' ? [Code.OK, Code.ILLEGAL_OFFSET] : [Code.FORBIDDEN];
    expect(expected).toContain(foreign.status?.code);
  }
  expect((await nobody.pull({ ...place, offset: 0 })).status?.code).toBe(Code.UNAUTHORIZED);
  expect((await producer.pull({ ...place, offset: 0 })).status?.code).toBe(Code.FORBIDDEN);
  nobody.close();
});

test('a message of 4 MiB with 16 KiB of properties passes', async () => {
  const body = Buffer.alloc(limits.messageBodyBytes, 1);
  const userProperties = { text: 'x'.repeat(limits.messagePropertiesBytes - 100) };
  const sent = await producer.send(message(NORMAL, 'largest', { body, userProperties }));
  expect(sent.status?.code).toBe(Code.OK);
});
