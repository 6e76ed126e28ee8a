import { NomosError } from '@nomos/schemas';
import type { CatalogEntry, EntryKey, Repositories } from '../repositories.js';
import { type Collection, describe } from './collection.js';

/** What identifies a proposed entry. */
export function keyOf<Entry extends CatalogEntry, Create extends object, Change extends object>(
  collection: Collection<Entry, Create, Change>,
  proposed: Create,
): EntryKey {
  return collection.keyFields.map((field) => String(proposed[field]));
}

/** The part of an entry that a request to create it would have. */
export function creationOf<Entry extends CatalogEntry, Create extends object, Change extends object>(
  collection: Collection<Entry, Create, Change>,
  entry: Entry,
): Create {
  const { status, version, createdAt, updatedAt, reservedUntil, deprecation, ...rest } = entry;
  return collection.schemas.create.parse(rest);
}

/** @throws NomosError NOT_FOUND. */
export async function findEntry<Entry extends CatalogEntry, Create extends object, Change extends object>(
  collection: Collection<Entry, Create, Change>,
  key: EntryKey,
  repositories: Repositories,
): Promise<Entry> {
  const entry = await collection.repository(repositories).find(key);
  if (entry === undefined) throw new NomosError('NOT_FOUND', `There is no ${describe(collection, key)}.`);
  return entry;
}
