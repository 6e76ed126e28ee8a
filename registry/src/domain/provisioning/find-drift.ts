import type { DriftItem, ProvisionedKind } from '@nomos/schemas';
import type { Clock } from '../clock.js';
import type { Database } from '../repositories.js';
import type { BrokerAdmin, EntrySettings, FoundEntry } from './broker-admin.js';
import { findDifferences } from './find-differences.js';
import type { EntryPage, EntryResult, ProvisioningRecord } from './provisioning-repository.js';

const PAGE_ENTRIES = 5_000;
const NAMES_AT_A_TIME = 1_000;
/** Items that are kept to be shown; the rest are counted. */
const ITEMS_MAX = 1_000;

export interface FindDriftOptions {
  readonly database: Database;
  readonly admin: BrokerAdmin;
  readonly record: ProvisioningRecord;
  readonly now: Clock;
  readonly renew: () => Promise<void>;
}

/** What differs between the broker and what is known to have been made there. */
export interface Drift {
  /** What is managed comes first. */
  readonly found: readonly DriftItem[];
  readonly total: number;
  /** What is managed and differs, as it is to be. */
  readonly repairable: readonly EntrySettings[];
  /** What was at the broker before, and is as it is wanted now, or gone. */
  readonly matched: readonly EntryResult[];
}

type Observation = Pick<DriftItem, 'kind' | 'name' | 'drift' | 'differences'>;

export async function findDrift(options: FindDriftOptions): Promise<Drift> {
  const { admin, renew } = options;
  const actual = new Map<ProvisionedKind, Map<string, FoundEntry>>();
  for (const kind of ['topic', 'consumer-group'] as const) {
    await renew();
    actual.set(kind, new Map(await admin.list(kind)));
  }
  const { managed, repairable } = await compareManaged(options, actual);
  const { found, matched } = await compareFound(options, actual);
  const unmanaged = await listUnmanaged(options, actual);
  const observed = [...managed, ...found, ...unmanaged];
  return {
    found: toItems(options, observed.slice(0, ITEMS_MAX)),
    total: observed.length,
    repairable,
    matched,
  };
}

type Actual = ReadonlyMap<ProvisionedKind, Map<string, FoundEntry>>;

/** Takes out of `actual` what it has seen, as the others do, so that in the end the unmanaged is left. */
async function compareManaged({ database, record }: FindDriftOptions, actual: Actual) {
  const { provisioning } = database.repositories;
  const managed: Observation[] = [];
  const repairable: EntrySettings[] = [];
  for await (const entry of allPages((page) => provisioning.listEntries(record.environment, page))) {
    const { kind, name } = entry;
    const found = actual.get(kind)?.get(name);
    actual.get(kind)?.delete(name);
    const differences = found === undefined ? [] : findDifferences(entry, found);
    if (found?.everywhere === true && differences.length === 0) continue;
    repairable.push(entry);
    managed.push(
      differences.length === 0
        ? { kind, name, drift: 'missing' }
        : { kind, name, drift: 'changed', differences },
    );
  }
  return { managed, repairable };
}

/** What was at the broker before, with other settings. Once somebody has set it right, it counts as matched. */
async function compareFound({ database, record }: FindDriftOptions, actual: Actual) {
  const { provisioning } = database.repositories;
  const observed: Observation[] = [];
  const matched: EntryResult[] = [];
  for await (const entry of allPages((page) => provisioning.listFound(record.environment, page))) {
    const { kind, name, settings } = entry;
    const found = actual.get(kind)?.get(name);
    actual.get(kind)?.delete(name);
    const differences = found === undefined ? [] : findDifferences(entry, found);
    if (differences.length > 0) observed.push({ kind, name, drift: 'found', differences });
    else if (found === undefined) matched.push({ kind, name, origin: 'created' });
    else matched.push({ kind, name, origin: 'matched', settings });
  }
  return { found: observed, matched };
}

async function listUnmanaged({ database, record }: FindDriftOptions, actual: Actual): Promise<Observation[]> {
  const { provisioning } = database.repositories;
  const unmanaged: Observation[] = [];
  for (const [kind, entries] of actual) {
    const names = [...entries.keys()].sort();
    for (let start = 0; start < names.length; start += NAMES_AT_A_TIME) {
      const some = names.slice(start, start + NAMES_AT_A_TIME);
      // What was registered since this run began is for the next one.
      const wanted = new Set(await provisioning.listWanted(record.environment, kind, some));
      for (const name of some) if (!wanted.has(name)) unmanaged.push({ kind, name, drift: 'unmanaged' });
    }
  }
  return unmanaged;
}

/** What was seen before and not repaired keeps the times of then. */
function toItems({ record, now }: FindDriftOptions, observed: readonly Observation[]): DriftItem[] {
  const keyOf = ({ kind, name, drift }: Observation) => `${kind} ${drift} ${name}`;
  const before = new Map(
    record.drift.filter(({ repairedAt }) => repairedAt === undefined).map((item) => [keyOf(item), item]),
  );
  const seenAt = now().toISOString();
  const notBefore = record.checkedAt?.toISOString();
  return observed.map((observation) => {
    const known = before.get(keyOf(observation));
    const times =
      known === undefined
        ? { seenAt, ...(notBefore === undefined ? {} : { notBefore }) }
        : {
            seenAt: known.seenAt,
            ...(known.notBefore === undefined ? {} : { notBefore: known.notBefore }),
          };
    return { ...observation, ...times };
  });
}

async function* allPages<Entry extends Pick<DriftItem, 'kind' | 'name'>>(
  list: (page: EntryPage) => Promise<readonly Entry[]>,
): AsyncGenerator<Entry> {
  let page: EntryPage = { limit: PAGE_ENTRIES };
  for (;;) {
    const entries = await list(page);
    yield* entries;
    const last = entries.at(-1);
    if (last === undefined || entries.length < PAGE_ENTRIES) return;
    page = { limit: PAGE_ENTRIES, after: { kind: last.kind, name: last.name } };
  }
}
