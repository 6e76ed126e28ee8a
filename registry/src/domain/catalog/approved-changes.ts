import {
  type Approvable,
  type ChangeRequest,
  NomosError,
  type Recyclable,
  type Requirement,
} from '@nomos/schemas';
import type { Actor } from '../actor.js';
import type { RequestedChanges } from '../approvals/approvals.js';
import { touchOf } from '../edge/touch-of.js';
import type { RecycledEntries } from '../recycling/recycling.js';
import type { CatalogEntry, EntryKey, Repositories } from '../repositories.js';
import type { Catalog } from './catalog.js';
import { type Collection, describe } from './collection.js';
import { consumerGroups } from './consumer-groups.js';
import { producerGroups } from './producer-groups.js';
import { subscriptions } from './subscriptions.js';
import { topics } from './topics.js';

/** Work on one collection, whichever its types. */
type CollectionWork<Result> = <Entry extends CatalogEntry, Create extends object, Change extends object>(
  collection: Collection<Entry, Create, Change>,
) => Promise<Result>;

/** Does to the catalog what approvals and recycling decide, within their transactions. */
export class ApprovedChanges implements RequestedChanges, RecycledEntries {
  readonly #catalog: Catalog;

  constructor(catalog: Catalog) {
    this.#catalog = catalog;
  }

  requirements(request: ChangeRequest, actor: Actor, repositories: Repositories): Promise<Requirement[]> {
    const { kind, action, key, proposal, entryVersion } = request;
    return inCollection(kind, (collection) => {
      const change = action === 'change' ? collection.schemas.change.parse(proposal) : undefined;
      const writing = this.#catalog.approved(collection, actor, key, entryVersion, repositories);
      return writing.requirements(action, change);
    });
  }

  apply(request: ChangeRequest, actor: Actor, repositories: Repositories): Promise<void> {
    const { kind, action, key, proposal, entryVersion } = request;
    return inCollection(kind, async (collection) => {
      const writing = this.#catalog.approved(collection, actor, key, entryVersion, repositories);
      if (action === 'create') await writing.activate();
      else if (action === 'change') await writing.change(collection.schemas.change.parse(proposal));
      else await writing.retire();
    });
  }

  /** A name that was only requested is free again; of a change that was not made nothing is left. */
  async discard(request: ChangeRequest, actor: Actor, repositories: Repositories): Promise<void> {
    const { kind, action, key } = request;
    if (action !== 'create') return;
    await inCollection(kind, (collection) =>
      this.#catalog.approved(collection, actor, key, undefined, repositories).release(),
    );
  }

  async environments(
    kind: Approvable,
    key: EntryKey,
    repositories: Repositories,
    proposal?: unknown,
  ): Promise<string[]> {
    const found = new Set<string>();
    await inCollection(kind, async (collection) => {
      for (const code of await environmentsOf(collection, key, repositories, proposal)) found.add(code);
    });
    return [...found].sort();
  }

  retire(kind: Recyclable, name: string, actor: Actor, repositories: Repositories): Promise<void> {
    return inCollection(kind, async (collection) => {
      const writing = this.#catalog.approved(collection, actor, [name], undefined, repositories);
      const [needed] = await writing.requirements('retire', undefined);
      if (needed !== undefined) {
        const message = `To retire the ${describe(collection, [name])} needs an approval (rule "${needed.rule}").`;
        const fix = `Ask for it with DELETE /v1/${kind}/${name}; the case ends by itself when the entry is retired.`;
        throw new NomosError('APPROVAL_REQUIRED', message, { fix });
      }
      await writing.retire();
    });
  }

  async touch(kind: Recyclable, name: string, repositories: Repositories): Promise<void> {
    const environments = await this.environments(kind, [name], repositories);
    if (environments.length === 0) return;
    await inCollection(kind, async (collection) => {
      const entry = await collection.repository(repositories).find([name]);
      const touch = touchOf(collection.name, entry === undefined ? [] : [entry]);
      await repositories.environments.raiseRevisions(environments, touch);
    });
  }
}

function inCollection<Result>(kind: Approvable, work: CollectionWork<Result>): Promise<Result> {
  switch (kind) {
    case 'topics':
      return work(topics);
    case 'producer-groups':
      return work(producerGroups);
    case 'consumer-groups':
      return work(consumerGroups);
    case 'subscriptions':
      return work(subscriptions);
  }
}

/** Where an entry is, and where a change of it would have it. */
async function environmentsOf<Entry extends CatalogEntry, Create extends object, Change extends object>(
  collection: Collection<Entry, Create, Change>,
  key: EntryKey,
  repositories: Repositories,
  proposal: unknown,
): Promise<string[]> {
  const entry = await collection.repository(repositories).find(key);
  if (entry === undefined) return [];
  const change = proposal === undefined ? {} : collection.schemas.change.parse(proposal);
  return [
    ...(await collection.affectedEnvironments(entry, repositories)),
    ...(await collection.affectedEnvironments({ ...entry, ...change }, repositories)),
  ];
}
