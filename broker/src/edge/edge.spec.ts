import { generateKeyPairSync } from 'node:crypto';
import { NomosError } from '@nomos/schemas';
import { describe, expect, test } from 'vitest';
import { SimulatedClock } from '../core/simulated-clock.js';
import {
  claims,
  GROUP,
  grant,
  OTHER_GROUP,
  OTHER_TOPIC,
  signed,
  TOPIC,
  testBundle,
} from './bundle.spec.support.js';
import { fixedBundleSource } from './bundle-source.js';
import type { Caller } from './caller.js';
import { Edge } from './edge.js';

function setUp(bundle = testBundle()) {
  const source = fixedBundleSource(bundle);
  const clock = new SimulatedClock(Date.now());
  return { source, clock, edge: new Edge(source, clock) };
}

/** The code with which the edge refuses; `admitted` if it does not. */
async function verdict(
  edge: Edge,
  metadata: Record<string, string>,
  check: (caller: Caller) => unknown = () => {},
) {
  try {
    await edge.admit((name) => metadata[name], check);
    return 'admitted';
  } catch (error) {
    return NomosError.from(error).code;
  }
}

describe('grants', () => {
  const withGrant = async (...parts: Parameters<typeof grant>) => ({
    'x-nomos-grant': await grant(...parts),
  });

  test('a good grant gives what it lists and nothing else', async () => {
    const { edge } = setUp();
    const metadata = await withGrant();
    expect(await verdict(edge, metadata, (caller) => caller.assertMayPublish(TOPIC))).toBe('admitted');
    expect(
      await verdict(edge, metadata, (caller) =>
        caller.assertMayConsumeWith(GROUP, TOPIC, { type: 'tag', expression: '*' }),
      ),
    ).toBe('admitted');
    expect(await verdict(edge, metadata, (caller) => caller.assertMayConsume(GROUP, `%DLQ%${GROUP}`))).toBe(
      'admitted',
    );
    const refusals: [string, (caller: Caller) => void][] = [
      ['TOPIC_NOT_GRANTED', (caller) => caller.assertMayPublish(OTHER_TOPIC)],
      ['TOPIC_NOT_GRANTED', (caller) => caller.assertMayPublish(`%DLQ%${GROUP}`)],
      ['TOPIC_NOT_REGISTERED', (caller) => caller.assertMayPublish('pay-paycore-no-thing')],
      ['GROUP_NOT_GRANTED', (caller) => caller.assertMayConsume(OTHER_GROUP, TOPIC)],
      ['GROUP_NOT_GRANTED', (caller) => caller.assertMayConsume(GROUP, `%DLQ%${OTHER_GROUP}`)],
      ['GROUP_NOT_REGISTERED', (caller) => caller.assertMayConsume('cg-no-thing', TOPIC)],
      ['TOPIC_NOT_GRANTED', (caller) => caller.assertMayConsume(GROUP, OTHER_TOPIC)],
      [
        'TOPIC_NOT_GRANTED',
        (caller) => caller.assertMayConsumeWith(GROUP, TOPIC, { type: 'tag', expression: 'OUT' }),
      ],
      ['TOPIC_NOT_GRANTED', (caller) => caller.assertMayRoute(OTHER_TOPIC)],
    ];
    for (const [code, check] of refusals) expect(await verdict(edge, metadata, check)).toBe(code);
  });

  test('forged, foreign and malformed grants are refused', async () => {
    const { edge } = setUp();
    const otherKey = generateKeyPairSync('ed25519').privateKey;
    expect(await verdict(edge, await withGrant(claims(), { key: otherKey }))).toBe('GRANT_INVALID');
    expect(await verdict(edge, await withGrant(claims(), { kid: 'unknown' }))).toBe('GRANT_INVALID');
    expect(await verdict(edge, await withGrant(claims(), { typ: 'JWT' }))).toBe('GRANT_INVALID');
    expect(await verdict(edge, await withGrant(claims({ aud: 'prod' })))).toBe('GRANT_INVALID');
    const [header, payload, signature] = (await grant()).split('.');
    const widened = Buffer.from(JSON.stringify(claims({ sub: 'ledger' }))).toString('base64url');
    const none = Buffer.from('{"alg":"none","typ":"nomos-grant+jwt","kid":"key-1"}').toString('base64url');
    for (const text of [
      `${header}.${widened}.${signature}`,
      `${none}.${payload}.`,
      `${none}.${payload}.${signature}`,
      'rubbish',
      '',
      'x'.repeat(20_000),
    ]) {
      expect(await verdict(edge, { 'x-nomos-grant': text })).toBe('GRANT_INVALID');
    }
  });

  test('a grant ends with its time, with grace only while the registry is away', async () => {
    let reachable = true;
    const { source, clock } = setUp();
    const edge = new Edge({ ...source, isReachable: () => reachable }, clock);
    const metadata = await withGrant(claims({ exp: Math.floor(clock.now() / 1000) + 60, grace: 600 }));
    expect(await verdict(edge, metadata)).toBe('admitted');
    await clock.advance(61_000);
    expect(await verdict(edge, metadata)).toBe('GRANT_INVALID');
    reachable = false;
    expect(await verdict(edge, metadata)).toBe('admitted');
    await clock.advance(600_000);
    expect(await verdict(edge, metadata)).toBe('GRANT_INVALID');
  });

  test('an ended session and a withdrawn key void a grant that was verified before', async () => {
    const { source, edge } = setUp();
    const metadata = await withGrant();
    expect(await verdict(edge, metadata)).toBe('admitted');
    source.replace(testBundle({ revokedSessions: ['session-1'] }));
    expect(await verdict(edge, metadata)).toBe('SESSION_ENDED');
    source.replace(testBundle({ keys: [] }));
    expect(await verdict(edge, metadata)).toBe('GRANT_INVALID');
  });

  test('a grant newer than the bundle makes the edge fetch the newer one first', async () => {
    const { source, clock } = setUp();
    const newTopic = 'pay-paycore-refund-completed';
    const newer = testBundle({ revision: 6, topics: [{ name: newTopic, messageType: 'NORMAL', queues: 1 }] });
    const edge = new Edge({ ...source, refresh: async () => source.replace(newer) }, clock);
    const producers = [{ group: 'pg-sms-report', topics: [newTopic] }];
    const metadata = await withGrant(claims({ revision: 6, producers }));
    expect(await verdict(edge, metadata, (caller) => caller.assertMayPublish(newTopic))).toBe('admitted');
  });
});

describe('access keys', () => {
  test('a right signature gives what the application has registered', async () => {
    const { edge } = setUp();
    const sms = signed('sms-key', 'sms-secret');
    expect(
      await verdict(edge, sms, (caller) =>
        caller.assertMayConsumeWith(GROUP, TOPIC, { type: 'tag', expression: '*' }),
      ),
    ).toBe('admitted');
    expect(await verdict(edge, sms, (caller) => caller.assertMayPublish(TOPIC))).toBe('TOPIC_NOT_GRANTED');
    expect(await verdict(edge, sms, (caller) => caller.assertMayConsume(OTHER_GROUP, TOPIC))).toBe(
      'GROUP_NOT_GRANTED',
    );
    const ledger = signed('ledger-key', 'ledger-secret');
    const withFilter = (expression: string) => (caller: Caller) =>
      caller.assertMayConsumeWith(OTHER_GROUP, TOPIC, { type: 'tag', expression });
    expect(await verdict(edge, ledger, withFilter('FEE||OUT'))).toBe('admitted');
    expect(await verdict(edge, ledger, withFilter('*'))).toBe('TOPIC_NOT_GRANTED');
    expect(
      await verdict(edge, signed('paycore-key', 'paycore-secret'), (caller) => caller.assertMayRoute(TOPIC)),
    ).toBe('admitted');
  });

  test('wrong, unknown and malformed ones are refused, and no secret is told', async () => {
    const { edge } = setUp();
    const right = signed('sms-key', 'sms-secret');
    for (const metadata of [
      signed('sms-key', 'wrong'),
      signed('nobody', 'sms-secret'),
      { ...right, 'x-mq-date-time': 'another' },
      { authorization: right.authorization ?? '' },
      { ...right, authorization: 'Bearer something' },
      { ...right, authorization: 'x'.repeat(5_000) },
    ]) {
      expect(await verdict(edge, metadata)).toBe('ACCESS_KEY_INVALID');
    }
    const failure = await edge
      .admit(
        (name) => signed('sms-key', 'wrong')[name],
        () => {},
      )
      .catch(NomosError.from);
    expect(JSON.stringify(failure)).not.toContain('sms-secret');
    expect(await verdict(edge, {})).toBe('GRANT_MISSING');
  });

  test('an unknown key is asked for once in a while, not with every call', async () => {
    const { source, clock } = setUp();
    let questions = 0;
    const edge = new Edge({ ...source, refresh: async () => void questions++ }, clock);
    for (let call = 0; call < 20; call++) await verdict(edge, signed('nobody', 'x'));
    expect(questions).toBe(1);
    await clock.advance(5_000);
    await verdict(edge, signed('nobody', 'x'));
    expect(questions).toBe(2);
  });

  test('a key that was replaced counts until its end, also when the registry cannot be asked', async () => {
    const { clock: now } = setUp();
    const expiresAt = new Date(now.now() + 60_000).toISOString();
    const accessKeys = testBundle().accessKeys.map((key) => ({ ...key, expiresAt }));
    const { edge, clock } = setUp(testBundle({ accessKeys }));
    expect(await verdict(edge, signed('sms-key', 'sms-secret'))).toBe('admitted');
    await clock.advance(61_000);
    expect(await verdict(edge, signed('sms-key', 'sms-secret'))).toBe('ACCESS_KEY_INVALID');
  });

  test('a key that the registry issued just now is accepted at its first call', async () => {
    const { source, clock } = setUp(testBundle({ accessKeys: [] }));
    const edge = new Edge(
      { ...source, refresh: async () => source.replace(testBundle({ revision: 6 })) },
      clock,
    );
    expect(await verdict(edge, signed('sms-key', 'sms-secret'))).toBe('admitted');
  });
});

describe('while the subscription of a group changes', () => {
  const joined = { type: 'tag', expression: 'FEE||OUT' } as const;
  const receive = (caller: Caller) => caller.assertMayConsumeWith(GROUP, TOPIC, joined);
  const bundleWith = (change?: string) => {
    const bundle = testBundle();
    return {
      ...bundle,
      consumerGroups: bundle.consumerGroups.map((group) => ({
        ...group,
        subscriptions: group.subscriptions.map((one) => ({
          ...one,
          filter: joined,
          ...(change === undefined ? {} : { change }),
        })),
      })),
    };
  };
  const grantWith = async (change?: string) => {
    const subscription = { topic: TOPIC, filter: joined, ...(change === undefined ? {} : { change }) };
    return {
      'x-nomos-grant': await grant(claims({ consumers: [{ group: GROUP, subscriptions: [subscription] }] })),
    };
  };

  test.each([
    ['neither', undefined, undefined, 'admitted'],
    ['both', 'change-1', 'change-1', 'admitted'],
    ['only this broker', 'change-1', undefined, 'GRANT_INVALID'],
    ['only the grant', undefined, 'change-1', 'GRANT_INVALID'],
    ['each another', 'change-1', 'change-2', 'GRANT_INVALID'],
  ])('a receive is admitted when both know the same change: %s', async (_, here, granted, expected) => {
    const { edge } = setUp(bundleWith(here));
    const metadata = await grantWith(granted);
    expect(await verdict(edge, metadata, receive)).toBe(expected);
    // What was received may be acknowledged in any case.
    const acknowledge = (caller: Caller) => caller.assertMayConsume(GROUP, TOPIC);
    expect(await verdict(edge, metadata, acknowledge)).toBe('admitted');
  });

  test('a client with an access key, which can hand nothing over, waits', async () => {
    const metadata = signed('sms-key', 'sms-secret');
    expect(await verdict(setUp(bundleWith()).edge, metadata, receive)).toBe('admitted');
    expect(await verdict(setUp(bundleWith('change-1')).edge, metadata, receive)).toBe('GRANT_INVALID');
  });
});
