import { limits, NomosError, type Violation } from '@nomos/schemas';
import type { z } from 'zod';
import type { Actor } from '../actor.js';
import type { AuditLog } from '../audit/audit-log.js';
import type { CatalogEntry, EntryKey, EntryRepository, Repositories } from '../repositories.js';
import type { ListFilter } from './list-filter.js';
import type { NameJudge } from './name-judge.js';

/** What is wrong with a proposed entry: its name by the norm, and what it refers to. */
export interface Findings {
  readonly name?: readonly Violation[];
  /** Which norm judged the name. */
  readonly norm?: string;
  readonly references?: readonly Violation[];
  /** What does not forbid the entry, but whoever registers it should know. */
  readonly warnings?: readonly Violation[];
}

/**
 * What is particular about one collection of the catalog. Everything else (routes, pages, versions,
 * lifecycle, rights) is the same for all and is in catalog.ts and http/routes/catalog-routes.ts.
 */
export interface Collection<Entry extends CatalogEntry, Create extends object, Change extends object> {
  /** As in the URL, for instance `producer-groups`. */
  readonly name:
    | 'domains'
    | 'teams'
    | 'applications'
    | 'environments'
    | 'topics'
    | 'producer-groups'
    | 'consumer-groups'
    | 'subscriptions';
  /** In messages, for instance `producer group`. */
  readonly noun: string;
  /** The fields that identify an entry, in the order of the URL. */
  readonly keyFields: readonly (keyof Entry & keyof Create & string)[];
  /** How a list can be narrowed, by the parameters of its query. */
  readonly filters: Readonly<Record<string, ListFilter>>;
  readonly schemas: {
    readonly entry: z.ZodObject & z.ZodType<Entry>;
    readonly create: z.ZodType<Create>;
    readonly change: z.ZodType<Change>;
  };
  /** Whether entries can be deprecated. */
  readonly deprecatable: boolean;
  /** Whether a retired entry may be created again at once; a relation between names may, a name has to wait. */
  readonly revivable: boolean;
  repository(repositories: Repositories): EntryRepository<Entry>;
  /** The application that an entry belongs to; undefined where only platform admins write. */
  owner(entry: Create, repositories: Repositories): Promise<string | undefined>;
  /** Everything that is wrong with an entry that is to be created, or that a change would make. */
  examine(proposed: Create, repositories: Repositories, judge: NameJudge, before?: Entry): Promise<Findings>;
  /** What depends on the entry and so forbids to retire it, as the end of "it is used by". */
  findDependant(entry: Entry, repositories: Repositories, now: Date): Promise<string | undefined>;
  /** What depends on how the entry was and so forbids the change, as a sentence. */
  findObstacle?(before: Entry, after: Entry, repositories: Repositories): Promise<string | undefined>;
  /** Ends what must not outlive a retired entry, in the same transaction. */
  endWith?(retired: Entry, actor: Actor, audit: AuditLog, repositories: Repositories): Promise<void>;
  /** The environments whose edges must know the entry. */
  affectedEnvironments(entry: Entry, repositories: Repositories): Promise<readonly string[]>;
}

/** How an entry is called in messages, for instance `topic "pay-paycore-transfer-completed"`. */
export function describe(collection: { readonly noun: string }, key: EntryKey): string {
  return `${collection.noun} "${key.map((part) => part.slice(0, limits.nameCharacters)).join('" → "')}"`;
}

/** The error for everything that is wrong with a proposed entry. */
export function refusal(subject: string, findings: Findings): NomosError | undefined {
  const { name = [], norm = '', references = [] } = findings;
  const violations = [...name, ...references];
  if (violations.length === 0) return undefined;
  if (name.length > 0) {
    return new NomosError('NAME_ILLEGAL', `The ${subject} breaks the norm ${norm}.`, { violations });
  }
  return new NomosError('REQUEST_INVALID', `The ${subject} refers to what cannot be used.`, {
    violations,
    fix: 'Correct the fields named in the violations, or register what they refer to first.',
  });
}
