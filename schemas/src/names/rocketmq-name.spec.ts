import { describe, expect, it } from 'vitest';
import { compileNorm } from './compile-norm.js';
import { defaultNorm } from './default-norm.js';
import { acceptsText } from './patterns/automaton.js';
import { legalNameAutomaton } from './patterns/legal-name-automaton.js';
import { isLegalRocketmqGroup, isLegalRocketmqTopic, rocketmqViolations } from './rocketmq-name.js';
import { type RocketmqNameKind, reservedPrefixes, reservedWords } from './rocketmq-reserved.js';
import { seededRandom } from './seeded-random.js';

describe('isLegalRocketmqTopic', () => {
  it.each(['a', 'A-b_c%d|e9', 'x'.repeat(127), 'TBW1024', 'RETRY', '%OTHER%x', 'cluster1'])(
    'allows %s',
    (name) => {
      expect(rocketmqViolations('topic', name)).toEqual([]);
      expect(isLegalRocketmqTopic(name)).toBe(true);
    },
  );

  it.each([
    ['', 'rocketmq-length'],
    [' ', 'rocketmq-characters', 'rocketmq-length'],
    ['x'.repeat(128), 'rocketmq-length'],
    ['a.b', 'rocketmq-characters'],
    ['a/b', 'rocketmq-characters'],
    ['支付', 'rocketmq-characters'],
    ['a\u0000', 'rocketmq-characters'],
    ['%RETRY%cg-sms-notify', 'rocketmq-reserved'],
    ['%DLQ%cg-sms-notify', 'rocketmq-reserved'],
    ['%LMQ%x', 'rocketmq-reserved'],
    ['rmq_sys_wheel_timer', 'rocketmq-reserved'],
    ['TBW102', 'rocketmq-reserved'],
    ['SCHEDULE_TOPIC_XXXX', 'rocketmq-reserved'],
    ['BenchmarkTest', 'rocketmq-reserved'],
    ['OFFSET_MOVED_EVENT', 'rocketmq-reserved'],
    ['RMQ_SYS_TRANS_HALF_TOPIC', 'rocketmq-reserved'],
  ])('refuses %j', (name, ...rules) => {
    expect(rocketmqViolations('topic', name).map(({ rule }) => rule)).toEqual(rules);
    expect(isLegalRocketmqTopic(name)).toBe(false);
  });
});

describe('isLegalRocketmqGroup', () => {
  it.each(['cg-sms-notify', 'x'.repeat(120), 'TBW102', 'CID_ORDERS'])('allows %s', (name) => {
    expect(isLegalRocketmqGroup(name)).toBe(true);
  });

  it.each([
    'x'.repeat(121),
    'CID_RMQ_SYS_TRANS',
    'DEFAULT_PRODUCER',
    'DEFAULT_CONSUMER',
    'TOOLS_CONSUMER',
    'SELF_TEST_P_GROUP',
    'CLIENT_INNER_PRODUCER',
    '%RETRY%x',
    'a b',
    '',
  ])('refuses %j', (name) => {
    expect(isLegalRocketmqGroup(name)).toBe(false);
  });
});

describe('rocketmqViolations', () => {
  it('points at each run of illegal characters', () => {
    expect(rocketmqViolations('topic', 'a..b c').map(({ position }) => position)).toEqual([
      { start: 1, end: 3 },
      { start: 4, end: 5 },
    ]);
  });

  it('reports no endless list and repeats no raw control character', () => {
    const violations = rocketmqViolations('topic', 'a\u001b'.repeat(60));
    expect(violations.length).toBeLessThan(10);
    expect(violations.every(({ message }) => /^[ -~]*$/.test(message))).toBe(true);
  });

  it.each([
    ['tag', 'a|b', ['rocketmq-characters']],
    ['tag', '*', ['rocketmq-reserved']],
    ['tag', 'a b', []],
    ['tag', '支付', []],
    ['property', 'a\u0001b', ['rocketmq-characters']],
    ['property', 'a|b', []],
    ['property', 'TAGS', ['rocketmq-reserved']],
    ['property', '__RMQ.TRANSIENT.x', ['rocketmq-reserved']],
    ['property', 'tags', []],
  ] as const)('judges the %s %j', (kind, name, rules) => {
    expect(rocketmqViolations(kind, name).map(({ rule }) => rule)).toEqual(rules);
  });

  it('holds whatever the norm says', () => {
    const anything = compileNorm({
      ...defaultNorm,
      names: {
        topic: { match: '.+' },
        'producer-group': { match: '.+' },
        'consumer-group': { match: '.+' },
        tag: { match: '.+' },
        property: { match: '.+' },
      },
      rules: {},
    });
    expect(anything.read('topic', 'any%thing|goes').ok).toBe(true);
    for (const name of ['a.b', 'TBW102', '%DLQ%x', 'x'.repeat(128)])
      expect(anything.read('topic', name).ok).toBe(false);
    for (const name of ['CID_RMQ_SYS_X', 'x'.repeat(121)])
      expect(anything.read('consumer-group', name).ok).toBe(false);
    expect(anything.read('tag', 'a|b').ok).toBe(false);
    expect(anything.read('property', 'KEYS').ok).toBe(false);
  });
});

describe('legalNameAutomaton', () => {
  it.each<RocketmqNameKind>(['topic', 'group', 'tag', 'property'])(
    'has exactly the legal %s names',
    (kind) => {
      const automaton = legalNameAutomaton(kind);
      const random = seededRandom(3);
      const reserved = [...reservedWords[kind], ...reservedPrefixes[kind]];
      for (const text of reserved) expect([text, acceptsText(automaton, text)]).toEqual([text, false]);
      const starts = [...reserved, 'x'];
      for (let round = 0; round < 2000; round++) {
        const start = random.pick(starts);
        const tail = Array.from({ length: random.below(4) }, () => random.pick([...'aZ9_-%|.~'])).join('');
        const name = start.slice(0, random.below(start.length + 1)) + tail;
        if (name === '') continue;
        const isLegal = rocketmqViolations(kind, name).length === 0;
        expect([name, acceptsText(automaton, name)]).toEqual([name, isLegal]);
      }
    },
  );
});
