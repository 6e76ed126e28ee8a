import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemClock } from '../core/clock.js';
import { GROUP, TOPIC, testBundle } from '../edge/bundle.spec.support.js';
import { fixedBundleSource } from '../edge/bundle-source.js';
import { type Broker, startBroker } from '../start-broker.js';
import { MemoryStore } from '../store/memory-store.js';
import { message, TestAdminBackend } from './core-admin-backend.spec.support.js';
import { fetchMqadmin, mqadmin } from './mqadmin.spec.support.js';
import { type AdminServer, CREDENTIALS, startAdminServer } from './remoting-client.spec.support.js';
import type { AdminCredentials } from './signature.js';

const CLUSTER = ['-c', 'DefaultCluster'];
const MADE_TOPIC = 'pay-made-here';
const MADE_GROUP = 'cg-made-here';
const RETRY_POLICY =
  '{"type":"EXPONENTIAL","exponentialRetryPolicy":{"initial":1000,"max":5000,"multiplier":2}}';

/** What is run, in this order and in one JVM, and what it must print, with blanks as one blank. */
const steps: readonly (readonly [
  name: string,
  command: readonly string[],
  ...printed: (string | RegExp)[],
])[] = [
  ['lists topics', ['topicList'], TOPIC, `%RETRY%${GROUP}`, `%DLQ%${GROUP}`],
  ['shows the cluster', ['clusterList'], /DefaultCluster nomos 0 127\.0\.0\.1:\d+ NOMOS_0_1_0 .* true/],
  ['shows how the broker does', ['brokerStatus', ...CLUSTER], 'brokerActive : true'],
  [
    'creates a topic',
    ['updateTopic', ...CLUSTER, '-t', MADE_TOPIC, '-r', '4', '-w', '4', '-a', '+message.type=FIFO'],
    /create topic to 127\.0\.0\.1:\d+ success/,
  ],
  ['shows the route of a topic', ['topicRoute', '-t', MADE_TOPIC], '"writeQueueNums":4'],
  ['shows the state of an empty topic', ['topicStatus', '-t', MADE_TOPIC], 'nomos 3 0 0'],
  ['shows the cluster of a topic', ['topicClusterList', '-t', MADE_TOPIC], 'DefaultCluster'],
  [
    'deletes a topic',
    ['deleteTopic', ...CLUSTER, '-t', MADE_TOPIC],
    `delete topic [${MADE_TOPIC}] from cluster [DefaultCluster] success.`,
    `delete topic [${MADE_TOPIC}] from NameServer success.`,
  ],
  [
    'is told that a topic is owned by the registry',
    ['updateTopic', ...CLUSTER, '-t', TOPIC, '-r', '8', '-w', '8'],
    'CODE: 16',
    'owned by the registry',
  ],
  [
    'creates a group',
    ['updateSubGroup', ...CLUSTER, '-g', MADE_GROUP, '-r', '3', '-o', 'true', '-p', RETRY_POLICY],
    /create subscription group to 127\.0\.0\.1:\d+ success/,
  ],
  [
    'shows a group',
    ['getConsumerConfig', '-g', MADE_GROUP],
    'consumeMessageOrderly = true',
    'retryMaxTimes = 3',
    'next=[1000, 2000, 4000]',
  ],
  [
    'deletes a group',
    ['deleteSubGroup', ...CLUSTER, '-g', MADE_GROUP],
    `delete subscription group [${MADE_GROUP}]`,
  ],
  [
    'shows the lag of a group',
    ['consumerProgress', '-g', GROUP],
    'Consume Diff Total: 5',
    `${TOPIC} nomos 0 3 0 3 0`,
  ],
  ['shows consumers', ['consumerConnection', '-g', GROUP], 'host@1 10.0.0.8:99 GO V5_1_4', `${TOPIC} OUT`],
  [
    'shows producers',
    ['producerConnection', '-g', 'pg-paycore-transfer', '-t', TOPIC],
    'host@1 10.0.0.8:99 GO V5_1_4',
  ],
  ['finds messages by key', ['queryMsgByKey', '-t', TOPIC, '-k', 'all'], 'm-0 0 0', 'm-1 1 0', 'm-4 0 2'],
  [
    'finds a message by its id, and who has not consumed it',
    ['queryMsgByUniqueKey', '-t', TOPIC, '-i', 'm-2'],
    ...['Tags: [OUT]', 'Keys: [T-2 all]', 'Queue Offset: 1', 'amount=7', 'NOT_CONSUME_YET'],
  ],
  [
    'sends a group to the newest',
    ['resetOffsetByTime', '-g', GROUP, '-t', TOPIC, '-s', 'now'],
    'nomos 0 3',
    'nomos 1 2',
  ],
  [
    'views a message, and sees who has consumed it',
    ['queryMsgById', '-t', TOPIC, '-i', 'm-2'],
    ...['OffsetID: 7F000001', 'amount=7', 'trackType=CONSUMED'],
  ],
  ['shows rates and backlogs', ['statsAll'], new RegExp(`${TOPIC} ${GROUP} 0 \\S+ \\S+ 5 0`)],
];

const tools = await fetchMqadmin();
const jars = 'jars' in tools ? tools.jars : '';
if ('missing' in tools) console.warn(`skipped: ${tools.missing}`);

/** Five messages in two queues, and a client that both sends and receives. */
async function brokerWithMessages(): Promise<TestAdminBackend> {
  const broker = new TestAdminBackend(new MemoryStore(), systemClock);
  const filter = { type: 'tag', expression: 'OUT' } as const;
  const subscriptions = [{ topic: TOPIC, filter }];
  broker.clients.push({
    ...{ clientId: 'host@1', address: '10.0.0.8:99', language: 'GOLANG', version: '5.1.4' },
    ...{ producerGroups: ['pg-paycore-transfer'], publishes: [TOPIC] },
    consumes: { group: GROUP, subscriptions, kind: 'push', broadcast: false },
  });
  for (let index = 0; index < 5; index++) {
    const messages = [message(`m-${index}`, [`T-${index}`, 'all'])];
    await broker.core.sending.send({ topic: TOPIC, queue: index % 2, application: 'paycore', messages });
  }
  return broker;
}

describe.skipIf('missing' in tools)("RocketMQ's own mqadmin", () => {
  let broker: TestAdminBackend;
  let server: AdminServer;
  let printed: string[];

  beforeAll(async () => {
    broker = await brokerWithMessages();
    server = await startAdminServer(broker.backend);
    const commands = steps.map(([, command]) => command);
    printed = await mqadmin(jars, `127.0.0.1:${server.port}`, CREDENTIALS, commands);
  });

  afterAll(async () => {
    await server.close();
    await broker.core.close();
  });

  test.each(steps.map(([name, , ...expected], index) => ({ name, expected, index })))(
    '$name',
    ({ expected, index }) => {
      const text = printed[index]?.replace(/[ \t]+/g, ' ') ?? '';
      for (const one of expected) {
        if (typeof one === 'string') expect(text).toContain(one);
        else expect(text).toMatch(one);
      }
    },
  );

  test('is refused without the key, and told what to do', async () => {
    const [refused] = await mqadmin(jars, `127.0.0.1:${server.port}`, undefined, [['topicList']]);
    expect(refused).toContain('CODE: 16');
    expect(refused).toContain('tools.yml');
    expect(refused).not.toContain(TOPIC);
  });
});

describe.skipIf('missing' in tools)('mqadmin at the port of a started broker', () => {
  let folder: string;
  let broker: Broker;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'nomos-mqadmin-port-'));
    const edge = { bundleSource: fixedBundleSource(testBundle()) };
    broker = await startBroker({ dataFolder: folder, port: 0, edge });
  });

  afterAll(async () => {
    await broker.close();
    await rm(folder, { recursive: true });
  });

  test('uses the key from the data folder to create, list and delete a topic', async () => {
    const key: AdminCredentials = JSON.parse(await readFile(join(folder, 'admin-key.json'), 'utf8'));
    const [created, listed, deleted, after] = await mqadmin(jars, broker.endpoint, key, [
      ['updateTopic', ...CLUSTER, '-t', MADE_TOPIC, '-r', '2', '-w', '2'],
      ['topicList'],
      ['deleteTopic', ...CLUSTER, '-t', MADE_TOPIC],
      ['topicList'],
    ]);
    expect(created).toContain(`create topic to ${broker.endpoint} success`);
    expect(listed).toContain(MADE_TOPIC);
    expect(listed).toContain(TOPIC);
    expect(deleted).toContain('success');
    expect(after).not.toContain(MADE_TOPIC);
  });
});
