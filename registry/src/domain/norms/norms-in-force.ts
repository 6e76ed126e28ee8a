import type { CompiledNorm, Rollout } from '@nomos/schemas';
import type { NormActivation, NormKey } from './norm-repository.js';

/** The scope of all environments that have no norm of their own. */
export const defaultScope = '';

/** An activation with its norm, ready to judge names. */
export interface CompiledActivation {
  readonly activation: NormActivation;
  readonly norm: CompiledNorm;
  /** What decides until this one blocks; absent for the first of a scope. */
  readonly previous?: CompiledActivation;
}

/** By scope the newest activation. */
export type NormScopes = ReadonlyMap<string, CompiledActivation>;

/** What holds in one environment at one time. */
export interface NormsInForce {
  /** The norm that decides. */
  readonly norm: CompiledNorm;
  readonly activatedAt: Date;
  /** A norm that is on its way. */
  readonly upcoming?: { readonly norm: CompiledNorm; readonly rollout: Rollout };
}

/**
 * Which norms hold in an environment, or where there is no own one. It follows from the activations and the
 * clock alone, so all instances of the registry agree without telling each other.
 *
 * | time                   | who decides                                        | the new norm             |
 * |------------------------|----------------------------------------------------|--------------------------|
 * | before `warnFrom`      | the one before; for an environment's first norm    | is observed              |
 * | before `blockFrom`     | … that is what holds without one                   | its violations are warnings |
 * | from `blockFrom` on    | the new norm                                       | decides                  |
 *
 * Undefined where nothing was ever activated.
 */
export function normsInForce(scopes: NormScopes, environment: string, now: Date): NormsInForce | undefined {
  const newest = scopes.get(environment);
  if (newest === undefined) {
    return environment === defaultScope ? undefined : normsInForce(scopes, defaultScope, now);
  }
  const { activation, norm, previous } = newest;
  const base =
    previous === undefined
      ? environment === defaultScope
        ? undefined
        : normsInForce(scopes, defaultScope, now)
      : { norm: previous.norm, activatedAt: previous.activation.blockFrom };
  if (now >= activation.blockFrom || base === undefined) {
    return { norm, activatedAt: activation.blockFrom > now ? activation.activatedAt : activation.blockFrom };
  }
  const rollout: Rollout = {
    norm: norm.id,
    stage: now < activation.warnFrom ? 'observe' : 'warn',
    warnFrom: activation.warnFrom.toISOString(),
    blockFrom: activation.blockFrom.toISOString(),
  };
  return { norm: base.norm, activatedAt: base.activatedAt, upcoming: { norm, rollout } };
}

/** The norms that are in force somewhere, or on their way, as ids. */
export function activeNorms(scopes: NormScopes, now: Date): ReadonlySet<string> {
  const active = new Set<string>();
  for (const scope of scopes.keys()) {
    const found = normsInForce(scopes, scope, now);
    if (found === undefined) continue;
    active.add(found.norm.id);
    if (found.upcoming !== undefined) active.add(found.upcoming.norm.id);
  }
  return active;
}

/** A norm as one word, for instance `default@1`. */
export function normId({ name, version }: NormKey): string {
  return `${name}@${version}`;
}
