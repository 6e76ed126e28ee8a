import { type CompiledNorm, compileNorm, type NameKind, type NameReading, parseNorm } from '@nomos/schemas';
import type { Admitted } from '../session/session.js';

/** Readings that are remembered; names come from callers, so they must not fill the memory. */
const REMEMBERED_MAX = 1_000;

export interface GrantedTopic {
  readonly messageType: string;
  readonly keyRequired: boolean;
}

/** What the registry has admitted, in the form that guards ask it: the norm compiled, topics by name. */
export class Rules {
  readonly norm: CompiledNorm;
  readonly environment: string;
  readonly topics: ReadonlyMap<string, GrantedTopic>;
  readonly #publishable: ReadonlyMap<string, ReadonlySet<string>>;
  readonly #readings = new Map<string, NameReading>();

  constructor({ admission, claims }: Admitted, norm: CompiledNorm) {
    this.norm = norm;
    this.environment = claims.aud;
    this.topics = new Map(admission.topics.map((topic) => [topic.name, topic]));
    this.#publishable = new Map(claims.producers.map(({ group, topics }) => [group, new Set(topics)]));
  }

  mayPublish(group: string, topic: string): boolean {
    return this.#publishable.get(group)?.has(topic) === true;
  }

  read(kind: NameKind, name: string): NameReading {
    const key = `${kind} ${name}`;
    let reading = this.#readings.get(key);
    if (reading === undefined) {
      reading = this.norm.read(kind, name);
      if (this.#readings.size >= REMEMBERED_MAX) this.#readings.clear();
      this.#readings.set(key, reading);
    }
    return reading;
  }
}

/** Gives the rules of the latest admission; made anew only when the registry has admitted anew. */
export class CurrentRules {
  readonly #admitted: () => Admitted;
  #source: Admitted | undefined;
  #rules: Rules | undefined;
  #normText: string | undefined;
  #norm: CompiledNorm | undefined;

  constructor(admitted: () => Admitted) {
    this.#admitted = admitted;
  }

  /** Throws NORM_INVALID if the registry's norm cannot be used by this version of the SDK. */
  get now(): Rules {
    const admitted = this.#admitted();
    if (this.#rules === undefined || admitted !== this.#source) {
      this.#rules = new Rules(admitted, this.#compiled(admitted.admission.norm));
      this.#source = admitted;
    }
    return this.#rules;
  }

  /** Compiling a norm takes milliseconds, and heartbeats nearly always bring the same one. */
  #compiled(norm: unknown): CompiledNorm {
    const text = JSON.stringify(norm);
    if (this.#norm === undefined || text !== this.#normText) {
      this.#norm = compileNorm(parseNorm(norm));
      this.#normText = text;
    }
    return this.#norm;
  }
}
