import { NomosError } from '@nomos/schemas';
import type { CatalogEntry, Repositories } from '../repositories.js';
import type { Collection } from './collection.js';
import { creationOf } from './entry-keys.js';

/** @throws NomosError RETIRED or VERSION_CONFLICT. */
export function requireWritable(
  subject: string,
  entry: CatalogEntry,
  expectedVersion: number | undefined,
): void {
  if (entry.status === 'retired') {
    throw new NomosError('RETIRED', `The ${subject} is retired since ${entry.updatedAt}.`);
  }
  if (expectedVersion !== undefined && expectedVersion !== entry.version) {
    const message = `The ${subject} is at version ${entry.version}, not ${expectedVersion}.`;
    throw new NomosError('VERSION_CONFLICT', message);
  }
}

/** What waits for approval is changed by nobody past it. @throws NomosError NOT_APPROVED. */
export function requireUsable(subject: string, { status }: CatalogEntry): void {
  if (status !== 'requested') return;
  throw new NomosError('NOT_APPROVED', `The ${subject} is only requested, and waits for approval.`);
}

/** Whether the name of a retired entry may be taken again. */
export function isFree({ status, reservedUntil }: CatalogEntry, revivable: boolean, now: Date): boolean {
  if (status !== 'retired') return false;
  return revivable || (reservedUntil !== undefined && Date.parse(reservedUntil) <= now.getTime());
}

/** Why a name cannot be registered. */
export async function takenRefusal<Entry extends CatalogEntry, Create extends object, Change extends object>(
  subject: string,
  found: Entry,
  collection: Collection<Entry, Create, Change>,
  repositories: Repositories,
): Promise<NomosError> {
  if (found.status === 'retired') {
    const until = found.reservedUntil === undefined ? '' : ` until ${found.reservedUntil}`;
    return new NomosError(
      'RETIRED',
      `The ${subject} is retired since ${found.updatedAt}; its name stays reserved${until}.`,
    );
  }
  const owner = await collection.owner(creationOf(collection, found), repositories);
  const application = owner === undefined ? undefined : await repositories.applications.find([owner]);
  const whose =
    application === undefined
      ? ''
      : ` It belongs to the application "${application.code}" of the team "${application.team}".`;
  return new NomosError('ALREADY_EXISTS', `The ${subject} exists already.${whose}`);
}
