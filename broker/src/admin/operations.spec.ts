import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { AdminPlane, queueKey } from './admin-plane.spec.support.js';
import { EMPTY_TOPIC, GROUP, START_MS, TOPIC } from './memory-admin-backend.spec.support.js';
import { operations } from './operations.js';
import type { RemotingCommand } from './remoting-command.js';
import { responseCode } from './response-code.js';

const NEW_GROUP = 'cg-made-here';

let plane: AdminPlane;

beforeEach(async () => {
  plane = await AdminPlane.open();
});

afterEach(() => plane.close());

function createGroup(config: object): Promise<RemotingCommand> {
  const text = JSON.stringify({ groupName: NEW_GROUP, ...config });
  return plane.ask('UPDATE_AND_CREATE_SUBSCRIPTIONGROUP', {}, text);
}

test('no two operations have the same code', () => {
  expect(new Set(operations.map(({ code }) => code)).size).toBe(operations.length);
});

test('the cluster is this broker, at the address by which it is reached', async () => {
  const broker = {
    brokerName: 'nomos',
    cluster: 'DefaultCluster',
    brokerAddrs: { 0: `127.0.0.1:${plane.server.port}` },
  };
  expect(await plane.json('GET_BROKER_CLUSTER_INFO')).toEqual({
    brokerAddrTable: { nomos: broker },
    clusterAddrTable: { DefaultCluster: ['nomos'] },
  });
});

describe('groups', () => {
  test('are created, told and deleted', async () => {
    const customized = { type: 'CUSTOMIZED', customizedRetryPolicy: { next: [1_000, 2_000] } };
    const config = { consumeMessageOrderly: true, retryMaxTimes: 2, groupRetryPolicy: customized };
    expect((await createGroup(config)).code).toBe(responseCode.success);
    expect(plane.backend.group(NEW_GROUP)).toMatchObject({
      ...{ ordered: true, origin: 'broker', retry: { maxAttempts: 3, delaysMs: [1_000, 2_000] } },
    });
    const told = { groupName: NEW_GROUP, retryMaxTimes: 2, consumeMessageOrderly: true };
    expect(await plane.json('GET_SUBSCRIPTIONGROUP_CONFIG', { group: NEW_GROUP })).toMatchObject({
      ...{ ...told, groupRetryPolicy: customized },
    });
    const all = await plane.json('GET_ALL_SUBSCRIPTIONGROUP_CONFIG');
    expect(Object.keys(all.subscriptionGroupTable)).toEqual([GROUP, NEW_GROUP]);
    await plane.body('DELETE_SUBSCRIPTIONGROUP', { groupName: NEW_GROUP, cleanOffset: 'true' });
    await plane.body('DELETE_TOPIC_IN_BROKER', { topic: `%RETRY%${NEW_GROUP}` });
    expect(plane.backend.group(NEW_GROUP)).toBeUndefined();
  });

  test('that say little get the defaults of RocketMQ', async () => {
    await createGroup({});
    const retry = plane.backend.group(NEW_GROUP)?.retry;
    expect(retry).toMatchObject({ maxAttempts: 17 });
    expect(retry?.delaysMs).toHaveLength(18);
  });

  test('with an exponential policy have its delays', async () => {
    const exponentialRetryPolicy = { initial: 1_000, max: 5_000, multiplier: 2 };
    await createGroup({
      retryMaxTimes: 4,
      groupRetryPolicy: { type: 'EXPONENTIAL', exponentialRetryPolicy },
    });
    expect(plane.backend.group(NEW_GROUP)?.retry.delaysMs).toEqual([1_000, 2_000, 4_000, 5_000]);
  });

  test.each([
    ['an illegal name', { groupName: 'cg.made' }, 'groupName'],
    ['no name', { groupName: undefined }, 'groupName'],
    ['too many retries', { retryMaxTimes: 100 }, 'retry'],
    ['retries that are no number', { retryMaxTimes: 'many' }, 'retry'],
    [
      'delays that are no numbers',
      { groupRetryPolicy: { customizedRetryPolicy: { next: ['1s'] } } },
      'retry',
    ],
    [
      'a delay that is too long',
      { groupRetryPolicy: { type: 'EXPONENTIAL', exponentialRetryPolicy: { initial: 1e12, max: 1e12 } } },
      'retry',
    ],
    ['consumption switched off', { consumeEnable: false }, 'may not consume'],
  ])('are not created with %s', async (_, config, reason) => {
    const answer = await createGroup(config);
    expect(answer.code).not.toBe(responseCode.success);
    expect(answer.remark).toContain(reason);
    expect(plane.backend.groups()).toHaveLength(1);
  });

  test.each(['', 'null', '[1]', '{'])('are not created from the body %j', async (text) => {
    const answer = await plane.ask('UPDATE_AND_CREATE_SUBSCRIPTIONGROUP', {}, text);
    expect(answer.code).toBe(responseCode.invalidParameter);
  });

  test('of the registry are neither changed nor deleted', async () => {
    const changed = await createGroup({ groupName: GROUP });
    const deleted = await plane.ask('DELETE_SUBSCRIPTIONGROUP', { groupName: GROUP });
    for (const answer of [changed, deleted]) expect(answer.code).toBe(responseCode.noPermission);
  });

  test('of a topic are those that subscribe it', async () => {
    expect(await plane.json('QUERY_TOPIC_CONSUME_BY_WHO', { topic: TOPIC })).toEqual({ groupList: [GROUP] });
    expect(await plane.json('QUERY_TOPIC_CONSUME_BY_WHO', { topic: EMPTY_TOPIC })).toEqual({ groupList: [] });
  });

  test('that do not exist are told by their own code', async () => {
    for (const name of ['GET_CONSUME_STATS', 'GET_CONSUMER_CONNECTION_LIST']) {
      const answer = await plane.ask(name, { consumerGroup: 'unknown' });
      expect(answer.code).toBe(responseCode.subscriptionGroupNotExist);
    }
  });
});

describe('clients', () => {
  beforeEach(() => {
    const from = { address: '10.0.0.8:4711', version: '5.1.4' };
    plane.backend.connected.push(
      {
        ...from,
        clientId: 'p@1',
        language: 'NODE_JS',
        producerGroups: ['pg-paycore-transfer'],
        publishes: [TOPIC],
      },
      {
        ...{
          ...from,
          clientId: 'c@1',
          language: 'GOLANG',
          version: 'unknown',
          producerGroups: [],
          publishes: [],
        },
        consumes: {
          ...{ group: GROUP, kind: 'push', broadcast: false },
          subscriptions: [{ topic: TOPIC, filter: { type: 'tag', expression: 'OUT || FEE' } }],
        },
      },
    );
  });

  test('of a consumer group are told with what they subscribe', async () => {
    const connections = await plane.json('GET_CONSUMER_CONNECTION_LIST', { consumerGroup: GROUP });
    expect(connections).toMatchObject({
      connectionSet: [{ clientId: 'c@1', clientAddr: '10.0.0.8:4711', language: 'GO', version: 513 }],
      subscriptionTable: { [TOPIC]: { topic: TOPIC, subString: 'OUT || FEE', tagsSet: ['OUT', 'FEE'] } },
      ...{ consumeType: 'CONSUME_PASSIVELY', messageModel: 'CLUSTERING' },
    });
  });

  test('of a producer group are told', async () => {
    const connections = await plane.json('GET_PRODUCER_CONNECTION_LIST', {
      producerGroup: 'pg-paycore-transfer',
    });
    expect(connections.connectionSet).toMatchObject([{ clientId: 'p@1', language: 'NODE_JS', version: 441 }]);
  });

  test('that there are none is no error of the broker', async () => {
    plane.backend.connected.length = 0;
    const consumers = await plane.ask('GET_CONSUMER_CONNECTION_LIST', { consumerGroup: GROUP });
    expect(consumers.code).toBe(responseCode.consumerNotOnline);
    const producers = await plane.ask('GET_PRODUCER_CONNECTION_LIST', { producerGroup: 'pg-x' });
    expect(producers.remark).toContain('pg-x');
  });
});

describe('progress', () => {
  const reset = { topic: TOPIC, group: GROUP, isForce: 'true', queueId: '-1', offset: '-1' };

  beforeEach(() => {
    for (const second of [0, 10, 20]) {
      plane.backend.append(TOPIC, 0, { messageId: `m-${second}`, storedAtMs: START_MS + second * 1_000 });
    }
  });

  function progressOf(
    brokerOffset: number,
    consumerOffset: number,
    pullOffset: number,
    lastTimestamp: number,
  ) {
    return `${queueKey(TOPIC, 0)}:${JSON.stringify({ brokerOffset, consumerOffset, pullOffset, lastTimestamp })}`;
  }

  test('tells lag and what is in work', async () => {
    await plane.body('INVOKE_BROKER_TO_RESET_OFFSET', { ...reset, timestamp: '-1' });
    plane.backend.inWork = 2;
    const stats = await plane.body('GET_CONSUME_STATS', { consumerGroup: GROUP });
    expect(stats).toContain(progressOf(3, 1, 3, START_MS + 20_000));
    expect(await plane.body('GET_CONSUME_STATS', { consumerGroup: GROUP, topic: TOPIC })).toBe(stats);
    expect(await plane.body('GET_CONSUME_STATS', { consumerGroup: GROUP, topic: EMPTY_TOPIC })).toContain(
      '{}',
    );
  });

  test.each([
    ['a time', { timestamp: String(START_MS + 5_000) }, 1],
    ['a time before everything', { timestamp: '0' }, 0],
    ['a time after everything', { timestamp: String(START_MS + 3_600_000) }, 3],
    ['the newest', { timestamp: '-1' }, 3],
    ['an offset of one queue', { timestamp: '0', queueId: '0', offset: '2', isForce: 'false' }, 2],
    ['an offset beyond the end', { timestamp: '0', queueId: '0', offset: '900' }, 3],
  ])('goes to %s', async (_, changes, offset) => {
    const answer = await plane.body('INVOKE_BROKER_TO_RESET_OFFSET', { ...reset, ...changes });
    expect(answer).toContain(`${queueKey(TOPIC, 0)}:${offset}`);
    expect((await plane.backend.progress(GROUP))[0]?.deliveredOffset).toBe(offset);
  });

  test('goes only back unless forced', async () => {
    const unforced = { ...reset, isForce: 'false' };
    await plane.body('INVOKE_BROKER_TO_RESET_OFFSET', { ...unforced, timestamp: '-1' });
    expect((await plane.backend.progress(GROUP))[0]?.deliveredOffset).toBe(0);
  });

  test('of one queue is set', async () => {
    const fields = { topic: TOPIC, consumerGroup: GROUP, queueId: '0', commitOffset: '2' };
    await plane.body('UPDATE_CONSUMER_OFFSET', fields);
    expect((await plane.backend.progress(GROUP))[0]?.deliveredOffset).toBe(2);
  });

  test('needs a group and a topic that exist', async () => {
    const noTopic = await plane.ask('INVOKE_BROKER_TO_RESET_OFFSET', {
      ...reset,
      topic: 'unknown',
      timestamp: '0',
    });
    expect(noTopic.code).toBe(responseCode.topicNotExist);
    const noGroup = await plane.ask('INVOKE_BROKER_TO_RESET_OFFSET', {
      ...reset,
      group: 'unknown',
      timestamp: '0',
    });
    expect(noGroup.code).toBe(responseCode.subscriptionGroupNotExist);
    const noTime = await plane.ask('INVOKE_BROKER_TO_RESET_OFFSET', { ...reset, timestamp: 'yesterday' });
    expect(noTime.code).toBe(responseCode.invalidParameter);
  });

  test('offsets of a queue are found by time, and its ends', async () => {
    const queue = { topic: TOPIC, queueId: '0' };
    const timestamp = String(START_MS + 10_000);
    const found = await plane.ask('SEARCH_OFFSET_BY_TIMESTAMP', { ...queue, timestamp });
    expect(found.fields.get('offset')).toBe('1');
    expect((await plane.ask('GET_MAX_OFFSET', queue)).fields.get('offset')).toBe('3');
    expect((await plane.ask('GET_MIN_OFFSET', queue)).fields.get('offset')).toBe('0');
    const wrong = await plane.ask('GET_MAX_OFFSET', { topic: TOPIC, queueId: '2' });
    expect(wrong.remark).toContain('from 0 to 1');
  });
});

describe('the broker', () => {
  test('tells how it does', async () => {
    await plane.close();
    plane = await AdminPlane.open(START_MS + 90_061_000);
    const { table } = await plane.json('GET_BROKER_RUNTIME_INFO');
    expect(table).toMatchObject({
      ...{ brokerActive: 'true', brokerVersionDesc: 'NOMOS_0_1_0', topics: '2', consumerGroups: '1' },
      runtime: '[ 1 days, 1 hours, 1 minutes, 1 seconds ]',
      commitLogDiskRatio: '0.2500',
    });
    expect(table).not.toHaveProperty('putTps');
  });
});
