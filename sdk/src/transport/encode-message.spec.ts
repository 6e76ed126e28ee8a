import { apache } from '@nomos/schemas';
import { describe, expect, test } from 'vitest';
import { DeliveredMessage, readDelivery } from './delivered-message.js';
import { MessageEncoder } from './encode-message.js';
import { WireReader } from './wire-reader.js';

const v2 = apache.rocketmq.v2;
const constants = { nomos_app: 'paycore', ce_datacontenttype: 'application/json' };
const encoder = new MessageEncoder('pay-paycore-transfer-completed', constants, 'host');

const plain = {
  messageId: '01AB',
  bornAtMs: 1_795_000_000_123,
  keys: ['T-1'],
  properties: [],
  body: Buffer.from('x'),
};
const variants: [string, Parameters<MessageEncoder['encode']>[0]][] = [
  ['a plain message', plain],
  [
    'every field',
    { ...plain, tag: 'OUT', keys: ['T-1', 'T-2'], traceContext: '00-1-2-01', properties: [['a', 'b']] },
  ],
  [
    'text beyond ASCII',
    { ...plain, tag: 'žluť', keys: ['klíč', '鍵', '🔑', 'é'], properties: [['barva', 'žlutá 🟡']] },
  ],
  [
    'no key, an empty value, and a full second',
    { ...plain, keys: [], bornAtMs: 1_795_000_000_000, properties: [['a', '']] },
  ],
  [
    'lengths of two and three bytes',
    {
      ...plain,
      keys: ['k'.repeat(200)],
      properties: [['p', 'v'.repeat(20_000)]],
      body: Buffer.alloc(70_000, 7),
    },
  ],
];

describe('an encoded message', () => {
  test.each(variants)('with %s is what the generated decoder reads', (_, message) => {
    const request = v2.SendMessageRequest.decode(encoder.encode(message));
    expect(request.messages).toHaveLength(1);
    const [decoded] = request.messages;
    expect(decoded?.topic?.name).toBe('pay-paycore-transfer-completed');
    expect(decoded?.userProperties).toEqual({ ...constants, ...Object.fromEntries(message.properties) });
    expect(Buffer.compare(Buffer.from(decoded?.body ?? []), Buffer.from(message.body))).toBe(0);
    expect(decoded?.systemProperties).toMatchObject({
      ...{
        messageId: message.messageId,
        keys: message.keys,
        messageType: v2.MessageType.NORMAL,
        bornHost: 'host',
      },
      ...(message.tag === undefined ? {} : { tag: message.tag }),
      ...(message.traceContext === undefined ? {} : { traceContext: message.traceContext }),
    });
    const { seconds = 0, nanos = 0 } = decoded?.systemProperties?.bornTimestamp ?? {};
    expect(Number(seconds) * 1000 + Number(nanos) / 1e6).toBe(message.bornAtMs);
  });

  test('may follow another: a request is nothing but its messages', () => {
    const bytes = Buffer.concat(variants.map(([, message]) => encoder.encode(message)));
    expect(v2.SendMessageRequest.decode(bytes).messages).toHaveLength(variants.length);
  });

  test.each(variants)('with %s is what the lazy reader reads', (_, message) => {
    const reader = new WireReader(encoder.encode(message));
    expect(reader.next()).toBe(true);
    const delivered = new DeliveredMessage(reader.inside());
    const { messageId, keys, bornAtMs } = message;
    expect(delivered).toMatchObject({ topic: 'pay-paycore-transfer-completed', messageId, keys, bornAtMs });
    expect(delivered.tag).toBe(message.tag);
    expect(delivered.properties).toEqual({ ...constants, ...Object.fromEntries(message.properties) });
    expect(Buffer.compare(delivered.body, message.body)).toBe(0);
  });
});

describe('a delivery', () => {
  const systemProperties = {
    ...{ messageId: '01', receiptHandle: 'r', queueId: 3, queueOffset: 5_000_000_000, deliveryAttempt: 2 },
    ...{
      bodyEncoding: v2.Encoding.GZIP,
      traceContext: 't',
      messageGroup: 'g',
      orphanedTransactionRecoveryDuration: { seconds: 1 },
    },
  };

  test('is read as the generated encoder wrote it, fields that are not looked at included', () => {
    const message = {
      topic: { name: 'a', resourceNamespace: 'n' },
      systemProperties,
      body: Buffer.from('b'),
    };
    const part = Buffer.from(v2.ReceiveMessageResponse.encode({ message }).finish());
    expect(readDelivery(part)).toMatchObject({
      ...{ topic: 'a', messageId: '01', receiptHandle: 'r', queueId: 3, offset: 5_000_000_000 },
      ...{ deliveryAttempt: 2, isCompressed: true, traceContext: 't', bornAtMs: undefined, properties: {} },
    });
  });

  test('has the last value of a field that comes twice', () => {
    const twice = Buffer.concat([
      v2.SystemProperties.encode({ receiptHandle: 'first', deliveryAttempt: 9 }).finish(),
      v2.SystemProperties.encode({ receiptHandle: 'last', deliveryAttempt: 1 }).finish(),
    ]);
    const message = Buffer.concat([Buffer.from([0x1a, twice.length]), twice]);
    expect(new DeliveredMessage(new WireReader(message))).toMatchObject({
      receiptHandle: 'last',
      deliveryAttempt: 1,
    });
  });

  test('that is cut off anywhere is an error, and never an endless loop', () => {
    const message = { topic: { name: 'a' }, systemProperties, body: Buffer.from('body') };
    const whole = Buffer.from(v2.ReceiveMessageResponse.encode({ message }).finish());
    for (let length = 1; length < whole.length; length++) {
      expect(() => readDelivery(whole.subarray(0, length))).toThrow();
    }
  });

  test('is no status and no time', () => {
    expect(
      readDelivery(Buffer.from(v2.ReceiveMessageResponse.encode({ status: { code: 20000 } }).finish())),
    ).toBeUndefined();
  });
});
