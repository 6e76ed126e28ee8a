import { describe, expect, it } from 'vitest';
import { compileNorm } from './compile-norm.js';
import { type CorpusEntry, corpus, corpusNorms, corpusVocabularies } from './corpus.js';
import type { Vocabularies } from './name-context.js';
import { nameRules } from './name-rules.js';

const norms = new Map(
  Object.values(corpusNorms).map((norm) => [`${norm.name}@${norm.version}`, compileNorm(norm)]),
);

function read(entry: CorpusEntry, vocabularies: Vocabularies | undefined) {
  const norm = norms.get(entry.norm);
  if (norm === undefined) throw new Error(`The corpus has no norm ${entry.norm}.`);
  const { application, registeredNames } = entry.given;
  const reading = norm.read(entry.kind, entry.name, { vocabularies, application, registeredNames });
  const idsOf = (found: readonly { rule: string }[]) => [...new Set(found.map(({ rule }) => rule))].sort();
  return {
    verdict: reading.ok ? 'legal' : 'illegal',
    rules: idsOf(reading.ok ? [] : reading.violations),
    warnings: idsOf(reading.warnings),
  };
}

describe('corpus', () => {
  it.each(corpus)('$norm: $kind $name is $verdict', (entry) => {
    const { verdict, rules, warnings } = entry;
    expect(read(entry, corpusVocabularies)).toEqual({ verdict, rules, warnings });
    if (entry.given.vocabularies === undefined)
      expect(read(entry, undefined)).toEqual({ verdict, rules, warnings });
  });

  it('breaks every rule and has a name of every kind, legal and illegal', () => {
    const broken = new Set(corpus.flatMap(({ rules, warnings }) => [...rules, ...warnings]));
    expect([...broken].sort()).toEqual(Object.keys(nameRules).sort());
    expect(new Set(corpus.map(({ kind, verdict }) => `${kind} ${verdict}`)).size).toBe(10);
    expect(corpus.length).toBeGreaterThanOrEqual(60);
  });

  it('knows each of its norms by its id', () => {
    expect([...norms.keys()]).toEqual(Object.keys(corpusNorms));
  });
});
