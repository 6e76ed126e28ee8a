import type { SettingsDifference } from '@nomos/schemas';
import type { EntrySettings, FoundEntry } from './broker-admin.js';

/** Where the entry is otherwise than wanted, at any master; a field that differs at several is told once. */
export function findDifferences(
  { settings }: EntrySettings,
  { copies }: Pick<FoundEntry, 'copies'>,
): SettingsDifference[] {
  return Object.entries(settings).flatMap(([field, expected]) => {
    const actual = copies
      .map((copy) => new Map<string, unknown>(Object.entries(copy)).get(field))
      .find((value) => JSON.stringify(value) !== JSON.stringify(expected));
    return actual === undefined ? [] : [{ field, expected, actual }];
  });
}
