import type { BrokenName, CompiledNorm } from '@nomos/schemas';
import { type NameRequest, readOwned } from './judged-name.js';
import type { Words } from './norm-cache.js';

/**
 * Suggestions that have to be searched for, in one replay. Most are built at once from what the norm in force
 * reads; the search costs a hundred times as much, so that many names without any meaning must not hold up the rest.
 */
const SEARCHES_MAX = 2_000;

/** What a name that is in use means under another norm than the one in force. */
export class RegisteredNameJudge {
  readonly #norm: CompiledNorm;
  readonly #inForce: CompiledNorm;
  readonly #words: Words;
  #searches = 0;

  constructor(norm: CompiledNorm, inForce: CompiledNorm, words: Words) {
    this.#norm = norm;
    this.#inForce = inForce;
    this.#words = words;
  }

  /** The rules that the name breaks, without what that would cost to explain. */
  brokenRules(request: NameRequest): string[] {
    return brokenRulesOf(this.#norm, request, this.#words);
  }

  /** What to tell the owner of a name that breaks these rules. */
  describe(
    request: NameRequest & { readonly kind: BrokenName['kind'] },
    rules: readonly string[],
  ): BrokenName {
    const segments = legalSegments(this.#inForce, request, this.#words);
    const brokenAlready = segments === undefined;
    const rebuilt = segments === undefined ? undefined : this.#rebuild(request, segments);
    const suggestion = rebuilt ?? this.#search(request);
    return {
      ...{ kind: request.kind, name: request.name, rules: [...rules] },
      ...(suggestion === undefined ? {} : { suggestion }),
      brokenAlready,
    };
  }

  /** The same segments as the norm in force reads, in the new template. */
  #rebuild(request: NameRequest, segments: Readonly<Record<string, string>>): string | undefined {
    const built = this.#norm.build(request.kind, segments);
    if (built === undefined || built === request.name) return undefined;
    return this.brokenRules({ ...request, name: built }).length === 0 ? built : undefined;
  }

  /** Whatever legal name is like this one. */
  #search(request: NameRequest): string | undefined {
    this.#searches += 1;
    if (this.#searches > SEARCHES_MAX) return undefined;
    const reading = readOwned(this.#norm, request, this.#words, undefined);
    return reading.ok ? undefined : reading.suggestion;
  }
}

/** The segments of a name that breaks nothing. To read one that does costs a search for what is like it. */
function legalSegments(norm: CompiledNorm, request: NameRequest, words: Words) {
  const { kind, name, application } = request;
  const { vocabularies } = words;
  if (norm.brokenRules(kind, name, { vocabularies, application }).length > 0) return undefined;
  const reading = readOwned(norm, request, words, undefined);
  return reading.ok ? reading.segments : undefined;
}

function brokenRulesOf(norm: CompiledNorm, request: NameRequest, words: Words): string[] {
  const { kind, name, application } = request;
  const rules = norm.brokenRules(kind, name, { vocabularies: words.vocabularies, application });
  if (rules.length > 0 || kind !== 'topic' || application === undefined) return rules;
  // A legal name costs little to read, and its segments tell whose it is.
  const reading = readOwned(norm, request, words, undefined);
  return reading.ok ? [] : [...new Set(reading.violations.map(({ rule }) => rule))];
}
