import { describe, expect, it } from 'vitest';
import { NomosError } from '../errors/nomos-error.js';
import type { Violation } from '../errors/violation.js';
import { compileNorm } from './compile-norm.js';
import { defaultNorm } from './default-norm.js';
import type { NameShape, Norm, Segment } from './norm.js';
import { normRequirements } from './norm-fault.js';

/** The default norm with other segments and another shape of topics. */
function normWith(segments: Record<string, Segment>, topic: NameShape): Norm {
  return {
    ...defaultNorm,
    segments: { ...defaultNorm.segments, ...segments },
    names: { ...defaultNorm.names, topic },
  };
}

function faultsOf(norm: Norm): readonly Violation[] {
  try {
    compileNorm(norm);
    return [];
  } catch (thrown) {
    const error = NomosError.from(thrown);
    expect(error.code).toBe('NORM_INVALID');
    for (const fault of error.violations) expect(Object.keys(normRequirements)).toContain(fault.rule);
    return error.violations;
  }
}

describe('compileNorm', () => {
  it('accepts the default norm and names it', () => {
    expect(compileNorm(defaultNorm).id).toBe('default@1');
    expect(compileNorm(defaultNorm).norm).toBe(defaultNorm);
  });

  it.each([
    ['{a}', { match: '(a+)+$' }, /leave them out/],
    ['{a}', { match: '[a-z' }, /syntax/],
    ['{a}', { match: '[a-z]*' }, /the empty text/],
    ['{a}', { match: 'a{1,100000}' }, /states/],
    ['{a}', { match: 'a'.repeat(300) }, /longer than 256/],
    ['{a}', { match: '(?=a)a' }, /leave them out/],
  ])('names the bad pattern of a segment in %s: %j', (template, segment, message) => {
    const faults = faultsOf(normWith({ a: segment }, { template }));
    expect(faults).toMatchObject([
      { rule: 'norm-pattern', where: '/segments/a/match', message: expect.stringMatching(message) },
    ]);
  });

  it.each<[string, NameShape, RegExp]>([
    [
      'an unknown segment',
      { template: '{domain}-{nothing}' },
      /segment \{nothing\}, which the norm does not define/,
    ],
    ['a segment named like a property of every object', { template: '{constructor}' }, /\{constructor\}/],
    ['an empty segment', { template: '{domain}-{}' }, /segment \{\}/],
    ['a segment used twice', { template: '{app}-{app}' }, /\{app\} twice/],
    ['a brace too many', { template: '{app}-{event' }, /brace without its partner at offset 6/],
    ['a nested brace', { template: '{{app}}' }, /brace without its partner at offset 0/],
    ['no segment', { template: 'everything' }, /no segment/],
    ['a space', { template: 'a {app}' }, /not visible ASCII/],
    ['a character that RocketMQ forbids', { template: '{app}.{event}' }, /yields no legal topic/],
    ['a reserved prefix', { template: '%RETRY%{app}' }, /yields no legal topic/],
    ['less room than its segments need', { template: '{app}-{event}', maxLength: 4 }, /at most 4 characters/],
    ['a length beyond RocketMQ', { template: `${'x'.repeat(126)}{app}` }, /at most 127 characters/],
  ])('refuses a template with %s', (_, topic, message) => {
    expect(faultsOf(normWith({}, topic))).toMatchObject([
      { rule: 'norm-template', where: '/names/topic/template', message: expect.stringMatching(message) },
    ]);
  });

  it('refuses a pattern that admits no legal name', () => {
    expect(faultsOf(normWith({}, { match: '[a-z]+\\.[a-z]+' }))).toMatchObject([{ rule: 'norm-template' }]);
    expect(faultsOf(normWith({}, { match: 'TBW102|BenchmarkTest' }))).toMatchObject([
      { rule: 'norm-template' },
    ]);
    expect(faultsOf(normWith({}, { match: 'TBW10[0-9]' }))).toEqual([]);
  });

  it('refuses a norm that forgets a kind of name', () => {
    const { tag: _, ...names } = defaultNorm.names;
    expect(faultsOf({ ...defaultNorm, names } as unknown as Norm)).toMatchObject([
      { rule: 'norm-template', where: '/names/tag' },
    ]);
  });

  it.each<[string, Record<string, Segment>, string, RegExp]>([
    [
      'two vocabularies side by side',
      {},
      '{domain}{app}',
      /"aaaaa" reads as domain="aaa", app="aa" and also as domain="aa", app="aaa"/,
    ],
    ['patterns that overlap', { a: { match: '[a-z]+' }, b: { match: '[a-z]+' } }, '{a}{b}', /"aaa" reads as/],
    [
      'a separator that both sides contain',
      { a: { match: '[a-z-]+' }, b: { match: '[a-z-]+' } },
      '{a}-{b}',
      /reads as/,
    ],
    [
      'an optional end',
      { a: { match: 'order(-line)?' }, b: { match: '(line-)?[a-z]+' } },
      '{a}-{b}',
      /reads as/,
    ],
    [
      'fixed text within a segment',
      { a: { match: '[a-z]+' }, b: { match: '[a-z0-9]+' } },
      '{a}v{b}',
      /reads as/,
    ],
  ])('refuses %s, with a name and its two readings', (_, segments, template, message) => {
    expect(faultsOf(normWith(segments, { template }))).toMatchObject([
      { rule: 'norm-ambiguous', where: '/names/topic/template', message: expect.stringMatching(message) },
    ]);
  });

  it.each<[string, Record<string, Segment>, string]>([
    ['fixed lengths', { a: { match: '[a-z]{3}' }, b: { match: '[a-z]{2,9}' } }, '{a}{b}'],
    [
      'a separator within one side only',
      { a: { match: '[a-z]+' }, b: { match: '[a-z]+(-[a-z]+)*' } },
      '{a}-{b}',
    ],
    ['digits after letters', { a: { match: '[a-z]+' }, b: { match: '[0-9]{1,3}' } }, '{a}{b}'],
    [
      'text that the segment before cannot contain',
      { a: { match: '[a-z]+' }, b: { match: '[a-z0-9]+' } },
      '{a}_v{b}',
    ],
    [
      'ambiguity in characters that RocketMQ forbids',
      { a: { match: 'a\\.?' }, b: { match: '\\.?b' } },
      '{a}{b}',
    ],
  ])('accepts %s', (_, segments, template) => {
    expect(faultsOf(normWith(segments, { template }))).toEqual([]);
  });

  it('reports every fault at once and blames no template for a segment that is reported', () => {
    const norm = normWith({ a: { match: '[' }, b: { match: 'x*' } }, { template: '{a}-{b}-{c}' });
    const faults = faultsOf({
      ...norm,
      names: { ...norm.names, 'producer-group': { template: 'pg-{app}{purpose}' } },
    });
    expect(faults.map(({ rule, where }) => `${rule} ${where}`)).toEqual([
      'norm-pattern /segments/a/match',
      'norm-pattern /segments/b/match',
      'norm-template /names/topic/template',
      'norm-ambiguous /names/producer-group/template',
    ]);
  });

  it('refuses a rule about owners where names do not tell the owner', () => {
    const names = { ...defaultNorm.names, 'consumer-group': { template: 'cg-{entity}-{purpose}' } };
    expect(faultsOf({ ...defaultNorm, names })).toMatchObject([
      { rule: 'norm-rule', where: '/rules/group-belongs-to-application' },
    ]);
    expect(faultsOf({ ...defaultNorm, names, rules: {} })).toEqual([]);
  });

  it('refuses a norm in which everything is hostile within seconds', () => {
    const hostile = [
      '((a?){30}){30}b',
      '(a|b)*a(a|b){12}',
      '(a{0,30}b{0,30}){1,30}c',
      'a{0,1000}'.repeat(28),
      '((a+)+)+',
    ];
    const segments = Object.fromEntries(
      Array.from({ length: 32 }, (_, index) => [
        `s${index}`,
        { match: hostile[index % hostile.length] ?? '' },
      ]),
    );
    const startedMs = performance.now();
    const faults = faultsOf({ ...defaultNorm, segments });
    expect(faults.length).toBeGreaterThan(25);
    expect(performance.now() - startedMs).toBeLessThan(10_000);
  });

  it('refuses more segments than the limit', () => {
    const segments = Object.fromEntries(
      Array.from({ length: 33 }, (_, index) => [`s${index}`, { match: 'a' }]),
    );
    expect(faultsOf({ ...defaultNorm, segments })[0]).toMatchObject({ where: '/segments' });
  });
});
