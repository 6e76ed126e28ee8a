import { describe, expect, it } from 'vitest';
import { corpusNorms } from './corpus.js';
import { findDeadRules } from './dead-rules.js';
import { defaultNorm } from './default-norm.js';

const pointersOf = (norm: Parameters<typeof findDeadRules>[0]) =>
  findDeadRules(norm).map(({ where }) => where);
const forbidding = (...words: string[]) => ({
  ...defaultNorm,
  rules: { ...defaultNorm.rules, 'no-forbidden-word': { level: 'block' as const, words } },
});

describe('findDeadRules', () => {
  it('finds nothing in norms that are in use', () => {
    for (const norm of Object.values(corpusNorms))
      expect([norm.name, pointersOf(norm)]).toEqual([norm.name, []]);
  });

  it('finds segments that no template uses', () => {
    const segments = { ...defaultNorm.segments, region: { match: '[a-z]{2}' } };
    expect(findDeadRules({ ...defaultNorm, segments })).toMatchObject([
      { rule: 'norm-dead-rule', where: '/segments/region' },
    ]);
  });

  it.each([
    ['a word longer than any segment', 'x'.repeat(32)],
    // Tags begin with a letter, and so does every word after an underscore only if it may: theirs may not.
    ['a word of digits where names have no punctuation before them', '007'],
  ])('knows %s', (_, word) => {
    const norm = forbidding(word, 'test');
    const names = { ...norm.names, tag: { match: '[a-z]{1,9}' }, property: { match: '[a-z]{1,9}' } };
    expect(pointersOf({ ...norm, names })).toEqual(['/rules/no-forbidden-word/words/0']);
  });

  it('knows a word that is listed twice, and an empty list', () => {
    expect(pointersOf(forbidding('test', 'tmp', 'test'))).toEqual(['/rules/no-forbidden-word/words/2']);
    expect(pointersOf(forbidding())).toEqual(['/rules/no-forbidden-word/words']);
  });

  it('leaves a rule that is off alone', () => {
    const rules = { 'no-forbidden-word': { level: 'off' as const, words: [] } };
    expect(pointersOf({ ...defaultNorm, rules })).toEqual([]);
  });

  it('says nothing about words where a pattern is broken', () => {
    const segments = { ...defaultNorm.segments, entity: { match: '[' } };
    expect(pointersOf({ ...forbidding('x'.repeat(32)), segments })).toEqual([]);
  });
});
