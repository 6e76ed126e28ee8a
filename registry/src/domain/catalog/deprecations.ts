import { type Deprecation, NomosError, type Violation } from '@nomos/schemas';
import type { CatalogEntry, EntryKey, EntryRepository } from '../repositories.js';

/** The farthest sunset: what nobody needs to leave for years need not be deprecated yet. */
const SUNSET_DAYS_MAX = 1_830;
const DAY_MS = 24 * 60 * 60 * 1000;

/** @throws NomosError REQUEST_INVALID with everything that is wrong with the deprecation of an entry. */
export async function requireSensible<Entry extends CatalogEntry>(
  deprecation: Deprecation,
  subject: { readonly noun: string; readonly key: EntryKey; readonly repository: EntryRepository<Entry> },
  now: Date,
): Promise<void> {
  const { noun, key, repository } = subject;
  const violations: Violation[] = [];
  const sunset = Date.parse(deprecation.sunsetAt);
  if (sunset <= now.getTime() || sunset > now.getTime() + SUNSET_DAYS_MAX * DAY_MS) {
    violations.push({
      rule: 'sunset-date',
      where: 'sunsetAt',
      message: `The sunset ${deprecation.sunsetAt} is not ahead, or more than ${SUNSET_DAYS_MAX} days.`,
      expected: `after ${now.toISOString()}`,
    });
  }
  const { replacedBy } = deprecation;
  if (replacedBy !== undefined) {
    const replacement = await repository.find([replacedBy]);
    if (replacement?.status !== 'active' || key[0] === replacedBy) {
      violations.push({
        rule: 'replacement',
        where: 'replacedBy',
        message: `"${replacedBy}" is not another, active ${noun}.`,
        expected: `the name of an active ${noun}`,
      });
    }
  }
  if (violations.length > 0) {
    throw new NomosError('REQUEST_INVALID', `The ${noun} cannot be deprecated so.`, { violations });
  }
}

/** Why and until when something is deprecated, and what to use instead, as sentences after its name. */
export function describeDeprecation(deprecation: Deprecation | undefined): string {
  if (deprecation === undefined) return 'is deprecated.';
  const { sunsetAt, replacedBy, reason } = deprecation;
  const instead = replacedBy === undefined ? '' : ` Use "${replacedBy}" instead.`;
  return `is deprecated until ${sunsetAt.slice(0, 10)}: ${reason.replace(/\.$/, '')}.${instead}`;
}

/** The violation of whoever begins to use what is deprecated. */
export function deprecatedViolation(
  noun: string,
  name: string,
  deprecation: Deprecation | undefined,
  where: string,
): Violation {
  const suggestion = deprecation?.replacedBy;
  return {
    rule: `${noun.replaceAll(' ', '-')}-deprecated`,
    where,
    message: `The ${noun} "${name}" ${describeDeprecation(deprecation)}`,
    ...(suggestion === undefined ? {} : { expected: suggestion, suggestion }),
  };
}
