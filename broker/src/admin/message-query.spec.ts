import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { SimulatedClock } from '../core/simulated-clock.js';
import {
  type GivenMessage,
  GROUP,
  MemoryAdminBackend,
  START_MS,
  TOPIC,
} from './memory-admin-backend.spec.support.js';
import { encodeMessageRecord, positionOf, readPosition } from './message-record.js';
import { type AdminServer, RemotingClient, startAdminServer } from './remoting-client.spec.support.js';
import type { RemotingCommand } from './remoting-command.js';
import { responseCode } from './response-code.js';

const QUERY_MESSAGES = 12;
const VIEW_MESSAGE = 33;

let backend: MemoryAdminBackend;
let server: AdminServer;
let client: RemotingClient;

beforeEach(async () => {
  backend = new MemoryAdminBackend();
  server = await startAdminServer(backend, { clock: new SimulatedClock(START_MS) });
  client = await RemotingClient.connect(server.port);
});

afterEach(async () => {
  client.close();
  await server.close();
});

interface ReadRecord {
  readonly queue: number;
  readonly offset: bigint;
  readonly position: bigint;
  readonly flags: number;
  readonly bornHost: string;
  readonly storeHost: string;
  readonly body: string;
  readonly topic: string;
  readonly properties: ReadonlyMap<string, string>;
}

/** Reads records as MessageDecoder.decode of RocketMQ does, written apart from what is tested. */
function readRecords(bytes: Buffer): ReadRecord[] {
  const records: ReadRecord[] = [];
  for (let start = 0; start < bytes.length; ) {
    const size = bytes.readInt32BE(start);
    records.push(readRecord(bytes.subarray(start, start + size)));
    start += size;
  }
  return records;
}

function readRecord(record: Buffer): ReadRecord {
  expect(record.readInt32BE(4)).toBe(-626843481);
  const flags = record.readInt32BE(36);
  let at = 48;
  const host = (bytes: number) => {
    const address = record.subarray(at, at + bytes);
    at += bytes + 4;
    const text = bytes === 4 ? address.join('.') : address.toString('hex');
    return `${text}:${record.readInt32BE(at - 4)}`;
  };
  const bornHost = host((flags & 16) === 0 ? 4 : 16);
  at += 8;
  const storeHost = host((flags & 32) === 0 ? 4 : 16);
  at += 12;
  const part = (lengthBytes: number) => {
    const start = at + lengthBytes;
    at = start + record.readUIntBE(at, lengthBytes);
    return record.toString('utf8', start, at);
  };
  const body = part(4);
  const topic = part(1);
  const properties = part(2);
  expect(at).toBe(record.length);
  const pairs = properties.split('\u0002').filter((text) => text !== '');
  return {
    ...{
      queue: record.readInt32BE(12),
      offset: record.readBigInt64BE(20),
      position: record.readBigInt64BE(28),
    },
    ...{ flags, bornHost, storeHost, body, topic },
    properties: new Map(pairs.map((pair) => pair.split('\u0001') as [string, string])),
  };
}

function query(key: string, changes: Record<string, string> = {}): Promise<RemotingCommand> {
  const times = { beginTimestamp: '0', endTimestamp: '9223372036854775807' };
  const fields = { topic: TOPIC, key, maxNum: '64', ...times, _UNIQUE_KEY_QUERY: 'false', ...changes };
  return client.request(QUERY_MESSAGES, { fields });
}

async function idsOf(answer: Promise<RemotingCommand>): Promise<(string | undefined)[]> {
  return readRecords((await answer).body).map(({ properties }) => properties.get('UNIQ_KEY'));
}

test('a message is told with all that it has', async () => {
  const given: GivenMessage = {
    ...{ messageId: 'm-1', tag: 'OUT', keys: ['T-1', 'T-2'], messageGroup: 'account-1' },
    ...{
      deliverAtMs: START_MS,
      deadLetterOf: 'origin',
      properties: { amount: '7 €' },
      body: Buffer.from('täglich'),
    },
  };
  backend.append(TOPIC, 1, { messageId: 'm-0' });
  backend.append(TOPIC, 1, given);
  const [record] = readRecords((await query('T-2')).body);
  expect(record).toMatchObject({
    ...{ queue: 1, offset: 1n, position: 2n ** 48n + 1n, flags: 0, topic: TOPIC, body: 'täglich' },
    ...{ bornHost: '10.0.0.7:4711', storeHost: `127.0.0.1:${server.port}` },
  });
  expect(Object.fromEntries(record?.properties ?? [])).toEqual({
    ...{ UNIQ_KEY: 'm-1', TAGS: 'OUT', KEYS: 'T-1 T-2', __SHARDINGKEY: 'account-1', amount: '7 €' },
    ...{ TIMER_DELIVER_MS: String(START_MS), DLQ_ORIGIN_TOPIC: 'origin', DLQ_ORIGIN_MESSAGE_ID: 'm-1' },
  });
});

describe('a query', () => {
  beforeEach(() => {
    for (const second of [0, 1, 2, 3]) {
      const message = { messageId: `m-${second}`, keys: ['all', `T-${second}`] };
      backend.append(TOPIC, second % 2, { ...message, storedAtMs: START_MS + second * 1_000 });
    }
  });

  test('by key or id finds what has it', async () => {
    expect(await idsOf(query('T-2'))).toEqual(['m-2']);
    expect(await idsOf(query('m-3', { _UNIQUE_KEY_QUERY: 'true' }))).toEqual(['m-3']);
    expect((await query('m-3')).code).toBe(responseCode.queryNotFound);
  });

  test('has an end in time, both included', async () => {
    const times = { beginTimestamp: String(START_MS + 1_000), endTimestamp: String(START_MS + 2_000) };
    expect(await idsOf(query('all', times))).toEqual(['m-1', 'm-2']);
  });

  test('is bounded, and goes on with the next page', async () => {
    expect(await idsOf(query('all', { maxNum: '3' }))).toEqual(['m-0', 'm-1', 'm-2']);
    const lastKey = `1795273200000@${TOPIC}@K@all@m-2@${positionOf({ queue: 0, offset: 1 })}`;
    expect(await idsOf(query('all', { maxNum: '3', lastKey }))).toEqual(['m-3']);
    expect((await query('all', { lastKey: 'x@99' })).code).toBe(responseCode.invalidParameter);
    expect(await idsOf(query('all', { maxNum: '-1' }))).toEqual(['m-0']);
  });

  test('by tag is not offered', async () => {
    expect((await query('OUT', { indexType: 'T' })).code).toBe(responseCode.requestCodeNotSupported);
  });

  test('of a topic that does not exist is told so', async () => {
    expect((await query('all', { topic: 'unknown' })).code).toBe(responseCode.topicNotExist);
    expect((await query('all', { topic: `%DLQ%${GROUP}` })).code).toBe(responseCode.queryNotFound);
  });

  test('of large messages answers as many as fit', async () => {
    const body = Buffer.alloc(4 * 1024 * 1024, 'x');
    for (let count = 0; count < 5; count++) backend.append(TOPIC, 0, { messageId: 'large', body });
    const answer = await query('large', { _UNIQUE_KEY_QUERY: 'true' });
    expect(answer.code).toBe(responseCode.success);
    expect(readRecords(answer.body)).toHaveLength(1);
  });
});

test('a message is viewed by its place', async () => {
  backend.append(TOPIC, 1, { messageId: 'm-0' });
  const offset = String(positionOf({ queue: 1, offset: 0 }));
  const answer = await client.request(VIEW_MESSAGE, { fields: { topic: TOPIC, offset } });
  expect(readRecords(answer.body)[0]?.properties.get('UNIQ_KEY')).toBe('m-0');
  for (const missing of ['0', '9223372036854775807']) {
    const nothing = await client.request(VIEW_MESSAGE, { fields: { topic: TOPIC, offset: missing } });
    expect(nothing.code).toBe(responseCode.queryNotFound);
  }
  const illegal = await client.request(VIEW_MESSAGE, { fields: { topic: TOPIC, offset: '-1' } });
  expect(illegal.code).toBe(responseCode.invalidParameter);
});

describe('a record', () => {
  const address = { host: '::1', port: 8081 };
  const record = (given: Partial<GivenMessage>, at = address) => {
    return readRecord(encodeMessageRecord(backend.append(TOPIC, 0, { messageId: 'm-1', ...given }), at));
  };

  test.each([
    ['10.0.0.7', '10.0.0.7:0'],
    ['10.0.0.7:80', '10.0.0.7:80'],
    ['[2001:db8::1]:80', '20010db8000000000000000000000001:80'],
    ['::ffff:10.0.0.7', '00000000000000000000ffff0a000007:0'],
    ['fe80::1%eth0', 'fe800000000000000000000000000001:0'],
    ['host-7:80', '0.0.0.0:0'],
    ['10.0.0.7:99999', '0.0.0.0:0'],
    ['', '0.0.0.0:0'],
  ])('of a sender at "%s" says %s', (bornHost, expected) => {
    expect(record({ bornHost })).toMatchObject({ bornHost: expected, storeHost: `${'0'.repeat(31)}1:8081` });
  });

  test('leaves out what its form cannot hold, the properties of the sender first', () => {
    const properties = { huge: 'x'.repeat(40_000), 'a\u0001b': 'c', d: 'e\u0002f', fine: 'yes' };
    expect([...record({ properties, tag: 'OUT' }).properties.keys()].sort()).toEqual([
      'TAGS',
      'UNIQ_KEY',
      'fine',
    ]);
  });

  test('takes any time that a sender tells', () => {
    for (const bornAtMs of [-1, 1.5, Number.NaN, 1e300]) expect(record({ bornAtMs }).topic).toBe(TOPIC);
  });

  test('has a position that can be read again', () => {
    const place = { queue: 63, offset: 2 ** 47 };
    expect(readPosition(positionOf(place))).toEqual(place);
  });
});
