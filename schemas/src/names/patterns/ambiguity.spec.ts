import { describe, expect, it } from 'vitest';
import { isLegalRocketmqTopic } from '../rocketmq-name.js';
import { seededRandom } from '../seeded-random.js';
import { proveUnambiguous, shortestLegalName } from './ambiguity.js';
import { compilePattern } from './compile-pattern.js';
import { concatenate, splitText } from './concatenation.js';
import { legalNameAutomaton } from './legal-name-automaton.js';
import { letterClasses } from './letter-classes.js';

function spaceOf(patterns: readonly string[], lengthMax = 127) {
  const parts = patterns.map((pattern) => {
    const compiled = compilePattern(pattern);
    if (!compiled.ok) throw new Error(`${pattern} ${compiled.problem}`);
    return compiled.automaton;
  });
  const concatenation = concatenate(parts);
  const legalNames = legalNameAutomaton('topic');
  return { concatenation, legalNames, letters: letterClasses([concatenation, legalNames]), lengthMax };
}

/** Every way to cut a text into words of the patterns, found by trying all: for each way the offsets. */
function allReadings(patterns: readonly RegExp[], text: string): number[][] {
  const [first, ...rest] = patterns;
  if (first === undefined) return text === '' ? [[]] : [];
  const readings: number[][] = [];
  for (let end = 1; end <= text.length; end++) {
    if (!first.test(text.slice(0, end))) continue;
    for (const reading of allReadings(rest, text.slice(end))) {
      readings.push([end, ...reading.map((offset) => offset + end)]);
    }
  }
  return readings;
}

const wholeText = (pattern: string) => new RegExp(`^(?:${pattern})$`, 'u');

function wordsUpTo(length: number, letters: string): string[] {
  const words = [''];
  for (const word of words)
    if (word.length < length) words.push(...[...letters].map((letter) => word + letter));
  return words;
}

describe('proveUnambiguous', () => {
  it.each([
    ['letters separated by what they do not contain', ['[a-z]+', '-', '[a-z]+']],
    ['a separator allowed in the last segment only', ['[a-z]+', '-', '[a-z-]+']],
    ['a separator allowed in the first segment only', ['[a-z-]+', '-', '[a-z]+']],
    ['fixed lengths without a separator', ['[a-z]{3}', '[a-z]{2}', '[a-z]{4}']],
    ['one segment of free length without separators', ['[a-z]{3}', '[a-z]+', '[a-z]{2}']],
    ['letters followed by digits', ['[a-z]+', '[0-9]+']],
    ['an optional end that cannot begin the next', ['ab?', 'c+']],
    ['a prefix code', ['(0|10|110)+', '(111)']],
    ['two segments around a word that neither contains', ['[a-z]+', 'X', '[a-z]+']],
    ['one segment alone', ['[a-z]+']],
  ])('accepts %s', (_, patterns) => {
    expect(proveUnambiguous(spaceOf(patterns))).toEqual({ verdict: 'unambiguous' });
  });

  it.each([
    ['two segments of one alphabet', ['[a-z]+', '[a-z]+'], 3],
    ['a separator allowed on both sides', ['[a-z-]+', '-', '[a-z-]+'], 4],
    ['an optional end that can begin the next', ['ab?', 'b?c'], 3],
    ['digits that can belong to either side', ['[a-z][a-z0-9]*', '[0-9]+'], 3],
    ['text that a segment can swallow', ['[a-z]+', 'v', '[a-z]+'], 4],
    ['a middle segment that both neighbours overlap', ['a+', '(ab|b)', 'b+'], 4],
    ['three segments where only the last two overlap', ['[0-9]+', '-', '[a-z]{1,2}', '[a-z]{1,2}'], 5],
    ['words that are concatenations of other words', ['(a|ab|abc)', '(d|cd|bcd)'], 4],
    ['repeats whose lengths meet only later', ['(aa)+', '(aaa)+'], 11],
  ])('refuses %s, with a shortest name', (_, patterns, length) => {
    const proof = proveUnambiguous(spaceOf(patterns));
    if (proof.verdict !== 'ambiguous') throw new Error(proof.verdict);
    const { name, readings } = proof.witness;
    expect(name).toHaveLength(length);
    const real = allReadings(patterns.map(wholeText), name);
    expect(real).toContainEqual(readings[0]);
    expect(real).toContainEqual(readings[1]);
    expect(readings[0]).not.toEqual(readings[1]);
  });

  it('counts only names that can be: short enough and allowed by RocketMQ', () => {
    expect(proveUnambiguous(spaceOf(['(aa)+', '(aaa)+'], 10)).verdict).toBe('unambiguous');
    expect(proveUnambiguous(spaceOf(['(aa)+', '(aaa)+'], 11)).verdict).toBe('ambiguous');
    expect(proveUnambiguous(spaceOf(['a\\.?', '(\\.b|b)'])).verdict).toBe('unambiguous');
    expect(proveUnambiguous(spaceOf(['rmq_?', '(_sys|sys)', '_[a-z]+'])).verdict).toBe('unambiguous');
    expect(proveUnambiguous(spaceOf(['rmq_?', '(_sys|sys)', '-[a-z]+'])).verdict).toBe('ambiguous');
  });

  it('agrees with trying every cut of every short name', () => {
    const random = seededRandom(7);
    const choices = [
      'a',
      'b',
      'ab',
      'a+',
      'b+',
      '(ab)+',
      'a?b',
      'ab?',
      '[ab]{1,2}',
      'a-?b',
      '(a|ba)',
      '[ab-]+',
      'a{2}',
    ];
    const more = ['(aa)+', '(aaa)+', 'ba*', '-', '-', '-+', '(a|b-)+', 'b|-a'];
    const words = wordsUpTo(7, 'ab-').filter(isLegalRocketmqTopic);
    const verdicts = { ambiguous: 0, unambiguous: 0 };
    for (let round = 0; round < 250; round++) {
      const patterns = Array.from({ length: 2 + random.below(3) }, () => random.pick([...choices, ...more]));
      const expressions = patterns.map(wholeText);
      const shortest = words.find((word) => allReadings(expressions, word).length > 1);
      const proof = proveUnambiguous(spaceOf(patterns, 7));
      const found = proof.verdict === 'ambiguous' ? proof.witness.name.length : undefined;
      expect({ patterns, found }).toEqual({ patterns, found: shortest?.length });
      verdicts[shortest === undefined ? 'unambiguous' : 'ambiguous']++;
    }
    expect(Math.min(verdicts.ambiguous, verdicts.unambiguous)).toBeGreaterThan(40);
  });

  it('gives up on what would take too long, in bounded time', () => {
    const startedMs = performance.now();
    expect(proveUnambiguous(spaceOf(['[a-z]{1,200}', '[a-z]{199}X'], 255)).verdict).toBe('unambiguous');
    expect(proveUnambiguous(spaceOf(['[a-z]{1,500}', '[a-z]{499}X'], 1000)).verdict).toBe('too-complex');
    expect(performance.now() - startedMs).toBeLessThan(10_000);
  });
});

describe('splitText', () => {
  it('finds the one reading that trying every cut finds', () => {
    const random = seededRandom(11);
    const templates = [
      ['[ab]+', '-', '[ab-]+'],
      ['[ab-]+', '-', '[ab]+'],
      ['[ab]{2}', '[ab]+', 'b'],
      ['(a|b-)+', 'b', 'a+'],
    ];
    for (const patterns of templates) {
      const space = spaceOf(patterns, 7);
      const expressions = patterns.map(wholeText);
      expect(proveUnambiguous(space).verdict).toBe('unambiguous');
      for (let round = 0; round < 400; round++) {
        const text = Array.from({ length: 1 + random.below(7) }, () => random.pick([...'ab-'])).join('');
        expect([text, splitText(space.concatenation, text)]).toEqual([
          text,
          allReadings(expressions, text)[0],
        ]);
      }
    }
  });
});

describe('shortestLegalName', () => {
  it.each([
    [['[a-z]{2,4}', '-', '[A-Z]+'], 127, 'aa-A'],
    [['TBW10', '[0-9]'], 127, 'TBW100'],
    [['TBW10', '2'], 127, undefined],
    [['%RETRY%', '[a-z]+'], 127, undefined],
    [['%', '(RETRY|DLQ)', '%'], 127, undefined],
    [['%', '(RETRY|DLQ|X)', '%'], 127, '%X%'],
    [['[a-z]+', '\\.', '[a-z]+'], 127, undefined],
    [['[a-z]{9}', '-', '[a-z]'], 10, undefined],
    [['[a-z]{8}', '-', '[a-z]'], 10, 'aaaaaaaa-a'],
  ])('of %j with at most %d characters is %s', (patterns, lengthMax, name) => {
    expect(shortestLegalName(spaceOf(patterns, lengthMax))).toBe(name);
  });
});
