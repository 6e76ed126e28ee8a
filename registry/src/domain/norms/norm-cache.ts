import { isDeepStrictEqual } from 'node:util';
import { type CompiledNorm, compileNorm, NomosError, type Vocabularies } from '@nomos/schemas';
import type { Repositories } from '../repositories.js';
import type { NormActivation, NormKey, VocabularyWords } from './norm-repository.js';
import { type CompiledActivation, type NormScopes, normId } from './norms-in-force.js';

/** The words that names may hold, ready to be looked up. */
export interface Words {
  readonly vocabularies: Vocabularies;
  readonly applications: ReadonlyMap<string, VocabularyWords['applications'][number]>;
}

/** What judging names needs to know. */
export interface NormKnowledge {
  readonly scopes: NormScopes;
  readonly words: Words;
}

interface Marked<Value> {
  readonly mark: string;
  readonly value: Value;
}

/**
 * Keeps compiled norms and vocabularies in memory. Each use asks the database for two marks, which change with
 * everything that could make the memory wrong, so it is never older than what the caller's transaction sees. A
 * mark is read before what it stands for: what is kept may be newer than its mark, and then is read again.
 *
 * The caller's transaction may come to nothing. The marks that it saw then never come again, but its norms may:
 * under the same name and version with another document. So a norm is compiled anew unless its document is the same.
 */
export class NormCache {
  #scopes: Marked<NormScopes> | undefined;
  #words: Marked<Words> | undefined;

  async read(repositories: Repositories): Promise<NormKnowledge> {
    const marks = await repositories.norms.marks();
    return {
      scopes: await this.#readScopes(marks.norms, repositories),
      words: await this.#readWords(marks.vocabularies, repositories),
    };
  }

  async #readScopes(mark: string, repositories: Repositories): Promise<NormScopes> {
    if (this.#scopes?.mark === mark) return this.#scopes.value;
    const known = compiledIn(this.#scopes?.value);
    const compile = (activation: NormActivation) => compileActivation(activation, known, repositories);
    const scopes = new Map<string, CompiledActivation>();
    for (const { scope, activation } of await repositories.norms.scopes()) {
      scopes.set(scope, await compile(activation));
    }
    this.#scopes = { mark, value: scopes };
    return scopes;
  }

  async #readWords(mark: string, { norms }: Repositories): Promise<Words> {
    if (this.#words?.mark === mark) return this.#words.value;
    const { domains, applications } = await norms.vocabularies();
    const byCode = new Map(applications.map((application) => [application.code, application]));
    const vocabularies = { domains: new Set(domains), applications: new Set(byCode.keys()) };
    this.#words = { mark, value: { vocabularies, applications: byCode } };
    return this.#words.value;
  }
}

/** What is compiled already; whether it is still what is stored must be looked at. */
function compiledIn(scopes: NormScopes | undefined): Map<string, CompiledNorm> {
  const known = new Map<string, CompiledNorm>();
  for (const { norm, previous } of scopes?.values() ?? []) {
    known.set(norm.id, norm);
    if (previous !== undefined) known.set(previous.norm.id, previous.norm);
  }
  return known;
}

async function compileActivation(
  activation: NormActivation,
  known: Map<string, CompiledNorm>,
  repositories: Repositories,
): Promise<CompiledActivation> {
  const norm = await compileStored(activation.norm, known, repositories);
  const before =
    activation.previous === undefined
      ? undefined
      : await repositories.norms.findActivation(activation.previous);
  if (before === undefined) return { activation, norm };
  return {
    activation,
    norm,
    previous: { activation: before, norm: await compileStored(before.norm, known, repositories) },
  };
}

async function compileStored(
  key: NormKey,
  known: Map<string, CompiledNorm>,
  { norms }: Repositories,
): Promise<CompiledNorm> {
  const id = normId(key);
  const record = await norms.find(key);
  if (record === undefined) throw new NomosError('INTERNAL', `The active norm ${id} is not stored.`);
  const compiled = known.get(id);
  if (compiled !== undefined && isDeepStrictEqual(compiled.norm, record.document)) return compiled;
  const fresh = compileNorm(record.document);
  known.set(id, fresh);
  return fresh;
}
