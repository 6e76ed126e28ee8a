import { type SearchKind, searchKinds } from '@nomos/schemas';
import { type Actor, requireEnvironments } from '../actor.js';
import type { AuditLog } from '../audit/audit-log.js';
import { touchOf } from '../edge/touch-of.js';
import type { CatalogEntry, Repositories } from '../repositories.js';
import { endWaivers } from '../waivers/end-waivers.js';
import type { Collection } from './collection.js';

/** What can be done to an entry, as the audit log calls it. */
export type EntryVerb =
  | 'create'
  | 'change'
  | 'deprecate'
  | 'reactivate'
  | 'retire'
  // What was requested begins, or its name is free again.
  | 'approve'
  | 'reject';

/**
 * What every change of an entry leaves behind, in its own transaction: an audit event, the new state as a
 * version, what searches find, higher revisions for the edges that must know, and the end of what ends with it.
 */
export async function recordEntry<Entry extends CatalogEntry, Create extends object, Change extends object>(
  collection: Collection<Entry, Create, Change>,
  verb: EntryVerb,
  { before, after }: { readonly before: Entry | undefined; readonly after: Entry },
  actor: Actor,
  audit: AuditLog,
  repositories: Repositories,
): Promise<void> {
  const { noun, name, keyFields } = collection;
  const kind = noun.replace(' ', '-');
  const action = `${kind}.${verb}`;
  const key = keyFields.map((field) => String(after[field]));
  await audit.record(repositories, actor, {
    ...{ action, subjectKind: noun, after, subject: key.join(' → ') },
    ...(before === undefined ? {} : { before }),
  });
  if (verb === 'retire') await collection.endWith?.(after, actor, audit, repositories);
  const { role: actorRole, id: actorId } = actor.principal;
  await repositories.versions.append({
    ...{ collection: name, key: versionKey(key), version: after.version, at: new Date(after.updatedAt) },
    ...{ actorRole, actorId, action, entry: after },
  });
  if (verb === 'retire') {
    const retired = { kind, name: key.join(), retiredAt: new Date(after.updatedAt) };
    await endWaivers(retired, actor, audit, repositories);
  }
  if (isSearchKind(name)) await putSearch(name, key.join(), after, repositories);
  const affected = [
    ...(before === undefined ? [] : await collection.affectedEnvironments(before, repositories)),
    ...(await collection.affectedEnvironments(after, repositories)),
  ];
  // Sorted, so that two transactions never wait for each other in a circle.
  const environments = [...new Set(affected)].sort();
  requireEnvironments(actor, environments);
  if (environments.length === 0) return;
  const states = before === undefined ? [after] : [before, after];
  await repositories.environments.raiseRevisions(environments, touchOf(name, states));
}

/** The key of an entry as its versions are filed. */
export function versionKey(key: readonly string[]): string {
  return key.join('/');
}

function isSearchKind(name: string): name is SearchKind {
  return searchKinds.some((kind) => kind === name);
}

/** The fields of an entry that a search knows; not every collection has each. */
interface Findable extends CatalogEntry {
  readonly description?: string;
  readonly application?: string;
  readonly environments?: readonly string[];
  readonly labels?: Readonly<Record<string, string>>;
}

async function putSearch(
  kind: SearchKind,
  name: string,
  { description = '', labels = {}, status, ...entry }: Findable,
  { search }: Repositories,
): Promise<void> {
  const application = kind === 'applications' ? name : entry.application;
  const environments = kind === 'environments' ? [name] : (entry.environments ?? []);
  await search.put({
    ...{ kind, name, description, environments, status, labels: Object.entries(labels).flat() },
    ...(application === undefined ? {} : { application }),
  });
}
