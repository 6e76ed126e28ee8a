import type { Approvable, ChangeRequest, Recyclable } from '@nomos/schemas';
import type { Actor } from '../actor.js';
import type { RequestedChanges } from '../approvals/approvals.js';
import { touchOf } from '../edge/touch-of.js';
import type { RecycledEntries } from '../recycling/recycling.js';
import type { CatalogEntry, EntryKey, Repositories } from '../repositories.js';
import type { Catalog } from './catalog.js';
import type { Collection } from './collection.js';
import { consumerGroups } from './consumer-groups.js';
import { producerGroups } from './producer-groups.js';
import { subscriptions } from './subscriptions.js';
import { topics } from './topics.js';

/** Work on one collection, whichever its types. */
type CollectionWork = <Entry extends CatalogEntry, Create extends object, Change extends object>(
  collection: Collection<Entry, Create, Change>,
) => Promise<void>;

/** Does to the catalog what approvals and recycling decide, within their transactions. */
export class ApprovedChanges implements RequestedChanges, RecycledEntries {
  readonly #catalog: Catalog;

  constructor(catalog: Catalog) {
    this.#catalog = catalog;
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

  retire(kind: Recyclable, name: string, actor: Actor, repositories: Repositories): Promise<void> {
    return inCollection(kind, async (collection) => {
      await this.#catalog.approved(collection, actor, [name], undefined, repositories).retire();
    });
  }

  touch(kind: Recyclable, name: string, repositories: Repositories): Promise<void> {
    return inCollection(kind, (collection) => raiseRevisionsOf(collection, [name], repositories));
  }
}

function inCollection(kind: Approvable, work: CollectionWork): Promise<void> {
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

async function raiseRevisionsOf<Entry extends CatalogEntry, Create extends object, Change extends object>(
  collection: Collection<Entry, Create, Change>,
  key: EntryKey,
  repositories: Repositories,
): Promise<void> {
  const entry = await collection.repository(repositories).find(key);
  const affected = entry === undefined ? [] : await collection.affectedEnvironments(entry, repositories);
  const environments = [...new Set(affected)].sort();
  if (entry === undefined || environments.length === 0) return;
  await repositories.environments.raiseRevisions(environments, touchOf(collection.name, [entry]));
}
