import type { Violation } from '@nomos/schemas';
import type { CatalogEntry, EntryRepository } from '../repositories.js';

/** A violation for each code that does not name an active entry. */
export async function examineReferences<Entry extends CatalogEntry>(
  noun: string,
  repository: EntryRepository<Entry>,
  codes: readonly { readonly value: string; readonly where: string }[],
): Promise<Violation[]> {
  const violations: Violation[] = [];
  for (const { value, where } of codes) {
    const entry = await repository.find([value]);
    if (entry?.status === 'active') continue;
    const rule = `${noun.replaceAll(' ', '-')}-${entry === undefined ? 'unknown' : 'retired'}`;
    const message =
      entry === undefined ? `There is no ${noun} "${value}".` : `The ${noun} "${value}" is retired.`;
    violations.push({ rule, message, where });
  }
  return violations;
}

/** The values of a list field with the path of each, for `examineReferences`. */
export function listed(field: string, values: readonly string[]): { value: string; where: string }[] {
  return values.map((value, index) => ({ value, where: `${field}[${index}]` }));
}
