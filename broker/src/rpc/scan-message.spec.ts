import { apache, checkMessageLimits } from '@nomos/schemas';
import { describe, expect, test } from 'vitest';
import { WireError } from '../core/wire.js';
import { ScannedMessage } from './scan-message.js';

const { Message } = apache.rocketmq.v2;

/** The same pseudo-random numbers in each run. */
function generator(seed: number) {
  let state = seed;
  return (end: number) => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return Math.floor((state / 2 ** 31) * end);
  };
}

const texts = [
  '',
  ' ',
  'a',
  'tag',
  'a|b',
  '\u0001',
  'ключ',
  'x'.repeat(63),
  'x'.repeat(64),
  'x'.repeat(9_000),
  '\u00a0',
  '\u007f',
];

function randomMessage(random: (end: number) => number) {
  const text = () => texts[random(texts.length)] ?? '';
  const maybe = <Value>(make: () => Value) => (random(2) === 0 ? make() : undefined);
  const list = (length: number) => Array.from({ length }, text);
  const count = random(10) === 0 ? 129 : random(4);
  const properties = Array.from({ length: count }, (_, index) => [
    `${text()}${count > 4 ? index : ''}`,
    text(),
  ]);
  const tag = maybe(text);
  const messageGroup = maybe(text);
  return {
    topic: { name: 'topic-a' },
    userProperties: Object.fromEntries(properties),
    body: Buffer.alloc(random(3)),
    systemProperties: {
      ...{
        messageId: `id-${random(100)}`,
        keys: list(random(3)),
        queueId: random(5),
        messageType: random(5),
      },
      ...(tag === undefined ? {} : { tag }),
      ...(messageGroup === undefined ? {} : { messageGroup }),
      ...(random(2) === 0 ? {} : { bornTimestamp: { seconds: 5 }, bornHost: 'host' }),
    },
  };
}

test('what it finds is what the decoder finds, and what it calls legal breaks no limit', () => {
  const random = generator(7);
  let legal = 0;
  for (let round = 0; round < 3_000; round++) {
    const bytes = Buffer.from(Message.encode(randomMessage(random)).finish());
    const scanned = new ScannedMessage(bytes);
    const decoded = Message.decode(bytes);
    const system = decoded.systemProperties;
    expect(scanned.topic).toBe('topic-a');
    expect(scanned.messageId).toBe(system?.messageId);
    expect(scanned.keys).toEqual(system?.keys);
    expect(scanned.tag).toBe(system?.tag ?? '');
    expect(scanned.messageType).toBe(system?.messageType);
    expect(scanned.hasMessageGroup).toBe(typeof system?.messageGroup === 'string');
    expect(scanned.hasBornTimestamp).toBe(system?.bornTimestamp != null);
    expect(Buffer.from(scanned.body)).toEqual(Buffer.from(decoded.body));
    const joined = Message.decode(Buffer.concat([scanned.rest]));
    expect(joined.userProperties).toEqual(decoded.userProperties);
    if (!scanned.surelyLegal) continue;
    legal++;
    const limited = {
      ...{ bodyBytes: decoded.body.length, tag: system?.tag ?? undefined, keys: system?.keys ?? [] },
      ...{ messageGroup: system?.messageGroup ?? undefined, properties: decoded.userProperties },
    };
    expect(checkMessageLimits(limited)).toEqual([]);
  }
  expect(legal).toBeGreaterThan(20);
});

describe('bytes that are not a message', () => {
  test('no change of a byte and no cut leads to anything but a message or a WireError', () => {
    const random = generator(11);
    const whole = Buffer.from(Message.encode(randomMessage(random)).finish());
    for (let round = 0; round < 5_000; round++) {
      const bytes = Buffer.from(whole.subarray(0, 1 + random(whole.length)));
      bytes[random(bytes.length)] = random(256);
      try {
        new ScannedMessage(bytes);
      } catch (error) {
        expect(error).toBeInstanceOf(WireError);
      }
    }
  });

  test.each([
    ['two topics', '0a0312016b0a0312016b1a00'],
    ['two system properties', '0a0312016b1a001a00'],
    ['no system properties', '0a0312016b'],
    ['a group', '0a0312016b1a000b0c'],
    ['a number where text belongs', '0a0312016b1a021801'],
    ['text where a number belongs', '0a0312016b1a0332016b'],
    ['a broken digest', '0a0312016b1a0422021205'],
    ['a digest that is not UTF-8', '0a0312016b1a0522031201ff'],
    ['a dead letter topic that is not UTF-8', '0a0312016b1a06a201030a01ff'],
  ])('%s', (_, hex) => {
    expect(() => new ScannedMessage(Buffer.from(hex, 'hex'))).toThrow(WireError);
  });
});
