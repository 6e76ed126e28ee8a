import { describe, expect, it } from 'vitest';
import { NomosError } from '../errors/nomos-error.js';
import type { Violation } from '../errors/violation.js';
import { corpusNorms } from './corpus.js';
import { defaultNorm } from './default-norm.js';
import { parseNorm } from './parse-norm.js';

function violationsOf(document: unknown): readonly Violation[] {
  try {
    parseNorm(document);
    return [];
  } catch (thrown) {
    const error = NomosError.from(thrown);
    expect(error.code).toBe('NORM_INVALID');
    return error.violations;
  }
}

describe('parseNorm', () => {
  it.each(Object.entries(corpusNorms))('takes %s as it comes from JSON', (_, norm) => {
    expect(parseNorm(JSON.parse(JSON.stringify(norm)))).toEqual(norm);
  });

  it.each<[string, unknown, string]>([
    ['another API version', { ...defaultNorm, apiVersion: 'nomos/v2' }, '/apiVersion'],
    ['another kind', { ...defaultNorm, kind: 'Topic' }, '/kind'],
    ['a name in capitals', { ...defaultNorm, name: 'Default' }, '/name'],
    ['version 0', { ...defaultNorm, version: 0 }, '/version'],
    ['a version that is a text', { ...defaultNorm, version: '1' }, '/version'],
    ['no rules', { ...defaultNorm, rules: undefined }, '/rules'],
    ['an unknown key', { ...defaultNorm, rule: {} }, '/rule'],
    [
      'an unknown rule',
      { ...defaultNorm, rules: { 'no-forbiden-word': 'block' } },
      '/rules/no-forbiden-word',
    ],
    ['an unknown level', { ...defaultNorm, rules: { 'near-duplicate': 'error' } }, '/rules/near-duplicate'],
    [
      'a forbidden word in capitals',
      { ...defaultNorm, rules: { 'no-forbidden-word': { level: 'block', words: ['ok', 'TEST'] } } },
      '/rules/no-forbidden-word/words/1',
    ],
    ['an unknown vocabulary', { ...defaultNorm, segments: { a: { from: 'teams' } } }, '/segments/a/from'],
    [
      'a segment with both',
      { ...defaultNorm, segments: { a: { from: 'domains', match: 'a' } } },
      '/segments/a',
    ],
    ['a segment with neither', { ...defaultNorm, segments: { a: { hint: 'what' } } }, '/segments/a'],
    ['a segment name in capitals', { ...defaultNorm, segments: { App: { match: 'a' } } }, '/segments/App'],
    [
      'a missing kind of name',
      { ...defaultNorm, names: { ...defaultNorm.names, tag: undefined } },
      '/names/tag',
    ],
    [
      'an unknown kind of name',
      { ...defaultNorm, names: { ...defaultNorm.names, queue: { match: 'a' } } },
      '/names/queue',
    ],
    [
      'a pattern that is too long',
      { ...defaultNorm, segments: { a: { match: 'a'.repeat(257) } } },
      '/segments/a/match',
    ],
    ['an unknown key with a slash', { ...defaultNorm, 'a/b~c': 1 }, '/a~1b~0c'],
    ['null', null, ''],
    ['a text', 'kind: Norm', ''],
    ['a list', [], ''],
  ])('refuses %s and says where', (_, document, where) => {
    const violations = violationsOf(JSON.parse(JSON.stringify(document)));
    expect(violations.map((violation) => violation.where)).toEqual([where]);
    expect(violations[0]).toMatchObject({ rule: 'norm-schema', message: expect.stringMatching(/\.$/) });
  });

  it('reports everything at once', () => {
    const document = { ...defaultNorm, version: 'x', segments: { a: {} }, names: {} };
    expect(violationsOf(document).map(({ where }) => where)).toEqual([
      '/version',
      '/segments/a',
      '/names/topic',
      '/names/producer-group',
      '/names/consumer-group',
      '/names/tag',
      '/names/property',
    ]);
  });

  it('takes no prototype for a segment', () => {
    const document: unknown = JSON.parse(
      JSON.stringify(defaultNorm).replace('"segments":{', '"segments":{"__proto__":{"match":"a"},'),
    );
    expect(violationsOf(document)).toMatchObject([{ where: '/segments/__proto__' }]);
  });

  it('refuses documents of any size or depth quickly', () => {
    const words = Array.from({ length: 500_000 }, () => 'A');
    let deep: unknown = 1;
    for (let depth = 0; depth < 100_000; depth++) deep = [deep];
    const endless: Record<string, unknown> = {};
    endless.itself = endless;
    const startedMs = performance.now();
    for (const document of [{ ...defaultNorm, words }, { ...defaultNorm, deep }, endless]) {
      expect(violationsOf(document)).toMatchObject([{ rule: 'norm-schema' }]);
    }
    expect(performance.now() - startedMs).toBeLessThan(2000);
  });
});
