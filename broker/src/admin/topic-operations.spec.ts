import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { AdminPlane, queueKey } from './admin-plane.spec.support.js';
import { EMPTY_TOPIC, GROUP, START_MS, TOPIC } from './memory-admin-backend.spec.support.js';
import type { RemotingCommand } from './remoting-command.js';
import { responseCode } from './response-code.js';

const NEW_TOPIC = 'pay-made-here';

let plane: AdminPlane;

beforeEach(async () => {
  plane = await AdminPlane.open();
});

afterEach(() => plane.close());

function createTopic(changes: Record<string, string> = {}): Promise<RemotingCommand> {
  const fields = { topic: NEW_TOPIC, readQueueNums: '4', writeQueueNums: '4', perm: '6', order: 'false' };
  return plane.ask('UPDATE_AND_CREATE_TOPIC', { ...fields, attributes: '+message.type=FIFO', ...changes });
}

describe('routes', () => {
  test.each([
    [TOPIC, 2, 6],
    [`%DLQ%${GROUP}`, 1, 4],
    [`%RETRY%${GROUP}`, 1, 4],
    ['DefaultCluster', 1, 6],
  ])('of %s have %i queues with permission %i', async (topic, queues, perm) => {
    const route = await plane.json('GET_ROUTEINFO_BY_TOPIC', { topic, acceptStandardJsonOnly: 'true' });
    expect(route.queueDatas).toEqual([
      { brokerName: 'nomos', readQueueNums: queues, writeQueueNums: queues, perm, topicSysFlag: 0 },
    ]);
    expect(route.brokerDatas).toHaveLength(1);
  });

  test.each(['unknown', '%DLQ%unknown', '%RETRY%', 'TBW102'])('of %s do not exist', async (topic) => {
    const answer = await plane.ask('GET_ROUTEINFO_BY_TOPIC', { topic });
    expect(answer.code).toBe(responseCode.topicNotExist);
    expect(answer.remark).toContain(topic);
  });

  test('need a name', async () => {
    const answer = await plane.ask('GET_ROUTEINFO_BY_TOPIC');
    expect(answer.code).toBe(responseCode.invalidParameter);
    expect(answer.remark).toContain('topic');
  });
});

describe('topics', () => {
  test('are listed, with what tells tools of the groups', async () => {
    const topicList = [TOPIC, EMPTY_TOPIC, `%RETRY%${GROUP}`, `%DLQ%${GROUP}`];
    expect(await plane.json('GET_ALL_TOPIC_LIST_FROM_NAMESERVER')).toEqual({ topicList });
    expect(await plane.json('GET_TOPICS_BY_CLUSTER', { cluster: 'DefaultCluster' })).toEqual({ topicList });
    expect(await plane.json('GET_TOPICS_BY_CLUSTER', { cluster: 'other' })).toEqual({ topicList: [] });
  });

  test('are told all together, in pages where these are asked for, and with whose they are', async () => {
    await createTopic();
    const names = async (fields: Record<string, string>) =>
      Object.keys(Object((await plane.json('GET_ALL_TOPIC_CONFIG', fields)).topicConfigTable));
    expect(await names({})).toEqual([TOPIC, EMPTY_TOPIC, NEW_TOPIC]);
    expect(await names({ topicSeq: '0', maxTopicNum: '2' })).toEqual([TOPIC, EMPTY_TOPIC]);
    expect(await names({ topicSeq: '2', maxTopicNum: '2' })).toEqual([NEW_TOPIC]);
    expect(await names({ topicSeq: '9', maxTopicNum: '2' })).toEqual([]);
    const answer = await plane.ask('GET_ALL_TOPIC_CONFIG', { topicSeq: '0', maxTopicNum: '2' });
    expect(answer.fields.get('totalTopicNum')).toBe('3');
    const { topicConfigTable } = await plane.json('GET_ALL_TOPIC_CONFIG');
    expect(topicConfigTable).toMatchObject({
      [TOPIC]: { readQueueNums: 2, attributes: { 'message.type': 'NORMAL', 'nomos.owner': 'registry' } },
      [NEW_TOPIC]: { readQueueNums: 4, attributes: { 'message.type': 'FIFO' } },
    });
  });

  test('are created, told, changed and deleted', async () => {
    expect((await createTopic()).code).toBe(responseCode.success);
    expect(plane.backend.topic(NEW_TOPIC)).toEqual({
      ...{ name: NEW_TOPIC, queues: 4, messageType: 'FIFO', origin: 'broker' },
    });
    const wider = await createTopic({ readQueueNums: '8', writeQueueNums: '8' });
    expect(wider.remark).toContain('would change its queue');
    expect(await plane.json('GET_TOPIC_CONFIG', { topic: NEW_TOPIC })).toMatchObject({
      ...{ topicName: NEW_TOPIC, readQueueNums: 4, writeQueueNums: 4, perm: 6 },
      attributes: { 'message.type': 'FIFO' },
    });
    const early = await plane.ask('DELETE_TOPIC_IN_NAMESRV', { topic: NEW_TOPIC });
    expect(early.remark).toContain('still exists');
    for (let round = 0; round < 2; round++) {
      await plane.body('DELETE_TOPIC_IN_BROKER', { topic: NEW_TOPIC });
      await plane.body('DELETE_TOPIC_IN_NAMESRV', { topic: NEW_TOPIC });
      await plane.body('DELETE_KV_CONFIG', { namespace: 'ORDER_TOPIC_CONFIG', key: NEW_TOPIC });
    }
    expect(plane.backend.topic(NEW_TOPIC)).toBeUndefined();
  });

  test.each([
    ['an illegal name', { topic: 'pay.made' }, 'topic'],
    ['a reserved name', { topic: 'TBW102' }, 'topic'],
    ['a name that is too long', { topic: 'a'.repeat(128) }, 'topic'],
    ['no queues', { readQueueNums: '0', writeQueueNums: '0' }, 'readQueueNums'],
    ['too many queues', { readQueueNums: '65', writeQueueNums: '65' }, 'readQueueNums'],
    ['different queues for reading and writing', { writeQueueNums: '5' }, 'readQueueNums'],
    ['queues that are no number', { readQueueNums: 'four' }, 'readQueueNums'],
    ['no permission to write', { perm: '4' }, 'perm'],
    ['an unknown message type', { attributes: '+message.type=MIXED' }, 'attributes'],
    ['an unknown attribute', { attributes: '+cleanup.policy=COMPACTION' }, 'attributes'],
    ['a flag that is none', { order: 'maybe' }, 'order'],
  ])('are not created with %s', async (_, changes, field) => {
    const answer = await createTopic(changes);
    expect(answer.code).toBe(responseCode.invalidParameter);
    expect(answer.remark).toContain(`"${field}"`);
    expect(plane.backend.topics()).toHaveLength(2);
  });

  test('are not created with an order configuration, which would be no order', async () => {
    expect((await createTopic({ order: 'true' })).remark).toMatch(/message group.*FIFO/);
  });

  test('keep their type, and lose no queue', async () => {
    await createTopic();
    expect((await createTopic({ attributes: '' })).remark).toContain('FIFO');
    expect((await createTopic({ readQueueNums: '3', writeQueueNums: '3' })).remark).toContain('4 queues');
    expect(plane.backend.topic(NEW_TOPIC)).toMatchObject({ queues: 4, messageType: 'FIFO' });
  });

  test('of the registry are neither changed nor deleted; saying what is so already changes nothing', async () => {
    const changed = await createTopic({ topic: TOPIC, attributes: '' });
    const deleted = await plane.ask('DELETE_TOPIC_IN_BROKER', { topic: TOPIC });
    for (const answer of [changed, deleted]) {
      expect(answer.code).toBe(responseCode.noPermission);
      expect(answer.remark).toContain('owned by the registry');
    }
    const same = { topic: TOPIC, attributes: '', readQueueNums: '2', writeQueueNums: '2' };
    expect((await createTopic(same)).code).toBe(responseCode.success);
    expect(plane.backend.topic(TOPIC)).toMatchObject({ queues: 2, origin: 'registry' });
  });

  test('of a group go with the group only', async () => {
    const answer = await plane.ask('DELETE_TOPIC_IN_BROKER', { topic: `%DLQ%${GROUP}` });
    expect(answer.remark).toContain(GROUP);
  });

  test('tell their queues in the form of fastjson, empty ones too', async () => {
    plane.backend.append(TOPIC, 0, { messageId: 'm-1' });
    const empty = '{"minOffset":0,"maxOffset":0,"lastUpdateTimestamp":0}';
    expect(await plane.body('GET_TOPIC_STATS_INFO', { topic: EMPTY_TOPIC })).toBe(
      `{"offsetTable":{${queueKey(EMPTY_TOPIC, 0)}:${empty},${queueKey(EMPTY_TOPIC, 1)}:${empty}},"topicPutTps":0}`,
    );
    expect(await plane.body('GET_TOPIC_STATS_INFO', { topic: TOPIC })).toContain(
      `${queueKey(TOPIC, 0)}:{"minOffset":0,"maxOffset":1,"lastUpdateTimestamp":${START_MS}}`,
    );
  });

  test('tell how much they took lately', async () => {
    for (const minutes of [2_000, 600, 30, 0]) {
      const storedAtMs = START_MS - minutes * 60_000;
      plane.backend.append(TOPIC, 0, { messageId: `m-${minutes}`, storedAtMs });
    }
    const fields = { statsName: 'TOPIC_PUT_NUMS', statsKey: TOPIC };
    expect(await plane.json('VIEW_BROKER_STATS_DATA', fields)).toMatchObject({
      ...{ statsMinute: { sum: 1 }, statsHour: { sum: 2 }, statsDay: { sum: 3 } },
    });
    const other = await plane.ask('VIEW_BROKER_STATS_DATA', { statsName: 'GROUP_GET_NUMS', statsKey: 'x@y' });
    expect(other.code).toBe(responseCode.queryNotFound);
  });
});
