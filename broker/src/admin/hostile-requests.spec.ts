import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemClock } from '../core/clock.js';
import { GROUP, TOPIC } from '../edge/bundle.spec.support.js';
import { MemoryStore } from '../store/memory-store.js';
import { message, TestAdminBackend } from './core-admin-backend.spec.support.js';
import { operations } from './operations.js';
import { randomNumbers } from './random-numbers.spec.support.js';
import { type AdminServer, RemotingClient, startAdminServer } from './remoting-client.spec.support.js';

const REQUESTS = 150;
const LARGE = 5_000;

const names = [
  ...['topic', 'consumerGroup', 'producerGroup', 'group', 'groupName', 'key', 'maxNum', 'offset', 'queueId'],
  ...[
    'timestamp',
    'commitOffset',
    'isForce',
    'perm',
    'order',
    'attributes',
    'readQueueNums',
    'writeQueueNums',
  ],
  ...[
    'beginTimestamp',
    'endTimestamp',
    'indexType',
    'lastKey',
    'statsName',
    'statsKey',
    'cluster',
    'namespace',
  ],
  ...['cleanOffset', 'topicList', '_UNIQUE_KEY_QUERY', '__proto__'],
];
const values = [
  ...[TOPIC, GROUP, `%DLQ%${GROUP}`, `%RETRY%${GROUP}`, '%DLQ%', '%RETRY%', 'DefaultCluster', 'made-here'],
  ...['', '0', '1', '-1', '2', '65535', '281474976710656', '9223372036854775807', '-9223372036854775808'],
  ...['true', 'false', 'T', 'TOPIC_PUT_NUMS', 'ORDER_TOPIC_CONFIG', `a@b@c@281474976710656`],
  ...[
    '__proto__',
    'constructor',
    '\u0000\u0001\u0002',
    '€\ud800',
    '1e9',
    'x'.repeat(LARGE),
    ';'.repeat(LARGE),
  ],
];
const policy = '{"type":"EXPONENTIAL","exponentialRetryPolicy":{"initial":[],"multiplier":"x","max":null}}';
const bodies = [
  ...['', '{}', 'null', '"text"', '[', '['.repeat(LARGE), '{"groupName":"made-here","retryMaxTimes":-1e308}'],
  ...['{"groupName":["made-here"]}', `{"groupName":"made-here","groupRetryPolicy":${policy}}`],
  '{"groupName":"made-here","groupRetryPolicy":{"customizedRetryPolicy":{"next":{"length":1e9}}}}',
];

let broker: TestAdminBackend;
let server: AdminServer;
let client: RemotingClient;

beforeAll(async () => {
  broker = new TestAdminBackend(new MemoryStore(), systemClock);
  const messages = [message('m-1', ['1'])];
  await broker.core.sending.send({ topic: TOPIC, queue: 1, application: 'paycore', messages });
  server = await startAdminServer(broker.backend);
  client = await RemotingClient.connect(server.port);
});

afterAll(async () => {
  client.close();
  await server.close();
  await broker.core.close();
});

test.each(operations)('$name answers whatever is asked, and never fails inside', async ({ code }) => {
  const random = randomNumbers(code);
  const pick = <T>(from: readonly T[]) => from[random(from.length)] as T;
  for (let count = 0; count < REQUESTS; count++) {
    const chosen = names.filter(() => random(3) > 0).map((name) => [name, pick(values)] as const);
    const fields = Object.fromEntries(chosen);
    const answer = await client.request(code, { fields, body: pick(bodies) });
    expect(`${answer.remark} ${JSON.stringify(fields)}`).not.toMatch(/^INTERNAL|^ACCESS/);
    expect(answer.remark.length).toBeLessThan(2_000);
  }
});
