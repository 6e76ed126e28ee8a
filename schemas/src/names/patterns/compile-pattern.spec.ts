import { RE2JS } from 're2js';
import { describe, expect, it } from 'vitest';
import { codePattern, codeRegExp } from '../code-pattern.js';
import { seededRandom } from '../seeded-random.js';
import { acceptsText } from './automaton.js';
import { compilePattern } from './compile-pattern.js';

function automatonOf(source: string) {
  const compiled = compilePattern(source);
  if (!compiled.ok) throw new Error(`${source} ${compiled.problem}`);
  return compiled.automaton;
}

describe('compilePattern', () => {
  it.each([
    ['[a-z][a-z0-9]{1,23}', ['ab', 'a1', 'a'.repeat(24)], ['', 'a', '1a', 'Ab', 'a-b', 'a'.repeat(25)]],
    ['(a+)+', ['a', 'aaaa'], ['', 'b', 'ab']],
    ['a|bc', ['a', 'bc'], ['abc', 'ac', 'b', 'c']],
    ['\\w+', ['a_1'], ['a b', 'a-b']],
    ['[^-]+', ['a.b', '%'], ['-', 'a-b']],
    ['.{2}', ['ab', '~!'], ['a', 'abc', 'a\n']],
    ['(?:x{2}){2}', ['xxxx'], ['xx', 'xxx', 'xxxxx']],
    ['(?<word>a)b?', ['a', 'ab'], ['b']],
  ])('%s matches whole texts only', (source, matching, other) => {
    const automaton = automatonOf(source);
    expect(matching.filter((text) => !acceptsText(automaton, text))).toEqual([]);
    expect(other.filter((text) => acceptsText(automaton, text))).toEqual([]);
  });

  it.each([
    ['a*', 'the empty text'],
    ['(?:)', 'the empty text'],
    ['[^\\x00-\\x7f]+', 'no text of visible ASCII'],
    ['\\s+', 'no text of visible ASCII'],
    ['[a-z', 'syntax that RE2 and ECMAScript share'],
    ['a**', 'syntax that RE2 and ECMAScript share'],
    ['\\pL', 'syntax that RE2 and ECMAScript share'],
    ['\\u0061', 'syntax that RE2 and ECMAScript share'],
    ['[[:alpha:]]', 'syntax that RE2 and ECMAScript share'],
    ['(?i)a', 'syntax that RE2 and ECMAScript share'],
    ['(a)\\1', 'back-reference'],
    ['^a', 'leave them out'],
    ['(a+)+$', 'leave them out'],
    ['\\bfoo', 'leave them out'],
    ['(?=a)a', 'leave them out'],
    ['(?<!a)b', 'leave them out'],
    ['a'.repeat(257), 'longer than 256 characters'],
  ])('refuses %s', (source, problem) => {
    const compiled = compilePattern(source);
    expect(compiled.ok ? 'accepted' : compiled.problem).toContain(problem);
  });

  it.each([
    ['a{1,100000}'],
    ['(a?){1000}b'],
    ['(a|b)*a(a|b){12}'],
    ['a{0,1000}'.repeat(28)],
    ['(a{0,30}b{0,30}){1,30}'],
    ['((a{1,50}){1,50}){1,50}'],
    ['[a-z]{1,513}'],
  ])('refuses %s for its size, quickly', (source) => {
    const startedMs = performance.now();
    const compiled = compilePattern(source);
    expect(compiled.ok ? 'accepted' : compiled.problem).toContain('states');
    expect(performance.now() - startedMs).toBeLessThan(1000);
  });

  it('matches in linear time what makes backtracking engines explode', () => {
    const automaton = automatonOf('(a+)+b|(a|a)+c');
    const startedMs = performance.now();
    expect(acceptsText(automaton, `${'a'.repeat(100_000)}d`)).toBe(false);
    expect(performance.now() - startedMs).toBeLessThan(500);
  });

  it('agrees with an RE2 engine on random patterns and words', () => {
    const random = seededRandom(20_240_817);
    const atoms = ['a', 'b', '-', '.', '[ab]', '[^a]', '\\w', '\\d', 'ab', '(a|b-)', '(?:ab?)', 'x\\.'];
    const repeats = ['', '', '', '?', '*', '+', '{2}', '{1,3}', '{0,2}', '+?'];
    let compared = 0;
    for (let round = 0; round < 300; round++) {
      const pieces = Array.from(
        { length: 1 + random.below(4) },
        () => random.pick(atoms) + random.pick(repeats),
      );
      const source = pieces.join(random.below(4) === 0 ? '|' : '');
      const compiled = compilePattern(source);
      if (!compiled.ok) continue;
      const re2 = RE2JS.compile(source);
      for (let word = 0; word < 40; word++) {
        const text = Array.from({ length: 1 + random.below(7) }, () => random.pick([...'aabb-.x1'])).join('');
        expect({ source, text, matches: acceptsText(compiled.automaton, text) }).toEqual({
          source,
          text,
          matches: re2.matches(text),
        });
        compared++;
      }
    }
    expect(compared).toBeGreaterThan(5000);
  });

  it('reads the form of codes as the regular expression does', () => {
    const automaton = automatonOf(codePattern);
    for (const text of ['ab', 'pay', 'a', 'A1', 'a_b', 'ab\n', 'a'.repeat(24), 'a'.repeat(25), '']) {
      expect([text, acceptsText(automaton, text)]).toEqual([text, codeRegExp.test(text)]);
    }
  });
});
