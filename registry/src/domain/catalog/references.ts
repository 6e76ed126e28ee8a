import type { Violation } from '@nomos/schemas';
import type { CatalogEntry, EntryRepository } from '../repositories.js';
import { deprecatedViolation } from './deprecations.js';

/** A code that an entry refers to, with the path of the field. */
export interface Reference {
  readonly value: string;
  readonly where: string;
}

/**
 * A violation for each code that does not name an entry that may be referred to. What is deprecated stays with
 * those that refer to it already, the `kept` ones, and takes nobody new.
 */
export async function examineReferences<Entry extends CatalogEntry>(
  noun: string,
  repository: EntryRepository<Entry>,
  references: readonly Reference[],
  kept: readonly (string | undefined)[] = [],
): Promise<Violation[]> {
  const violations: Violation[] = [];
  for (const { value, where } of references) {
    const entry = await repository.find([value]);
    const state = entry?.status ?? 'unknown';
    if (state === 'active' || (state === 'deprecated' && kept.includes(value))) continue;
    if (state === 'deprecated') {
      violations.push(deprecatedViolation(noun, value, entry?.deprecation, where));
      continue;
    }
    const rule = `${noun.replaceAll(' ', '-')}-${state}`;
    violations.push({ rule, message: messageOf(noun, value, state), where });
  }
  return violations;
}

function messageOf(noun: string, value: string, state: 'unknown' | 'requested' | 'retired'): string {
  if (state === 'unknown') return `There is no ${noun} "${value}".`;
  if (state === 'requested') return `The ${noun} "${value}" is only requested, and waits for approval.`;
  return `The ${noun} "${value}" is retired.`;
}

/** The values of a list field with the path of each, for `examineReferences`. */
export function listed(field: string, values: readonly string[]): Reference[] {
  return values.map((value, index) => ({ value, where: `${field}[${index}]` }));
}
