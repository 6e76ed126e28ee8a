import { type DriftItem, NomosError } from '@nomos/schemas';
import type { Actor } from '../actor.js';
import type { AuditLog } from '../audit/audit-log.js';
import type { Database } from '../repositories.js';
import type { BrokerAdmin, FoundEntry } from './broker-admin.js';
import { findDifferences } from './find-differences.js';
import { findDrift } from './find-drift.js';
import { inParallel } from './in-parallel.js';
import type {
  EntryKey,
  EntryOrigin,
  EntryPage,
  EntryResult,
  PendingEntry,
  ProvisioningRecord,
  RunClaim,
  RunResult,
  UnwantedEntry,
} from './provisioning-repository.js';

/** Entries read at a time: finding them costs the same for many as for one. */
const PAGE_ENTRIES = 2_048;
/** Entries in one step: it ends within the lease even if each request takes its longest. */
const BATCH_ENTRIES = 64;
const REQUESTS_AT_A_TIME = 16;
/** Refusals of single entries after which a run gives up: then it is not the entries. */
const REFUSALS_MAX = 100;
const AUDITED_ENTRIES_MAX = 100;

/** Acts at brokers in nobody's name. */
const provisioner: Actor = { principal: { role: 'platform-admin', id: 'provisioner' }, scope: 'all' };

export interface ReconcileRunOptions {
  readonly database: Database;
  readonly audit: AuditLog;
  readonly record: ProvisioningRecord;
  readonly admin: BrokerAdmin;
  /** Who has the lease of the environment. */
  readonly holder: string;
  readonly now: () => Date;
  /** Says that the work goes on. Throws when somebody else does it meanwhile. */
  readonly renew: () => Promise<void>;
}

/**
 * One run over an environment. What was done is written down batch by batch, so the next run goes on where one
 * stopped. A refusal of one entry is kept with it and does not hold up the others.
 */
export class ReconcileRun {
  readonly #options: ReconcileRunOptions;
  readonly #refused: NomosError[] = [];

  constructor(options: ReconcileRunOptions) {
    this.#options = options;
  }

  /** The first refusal of an entry. */
  get refusal(): NomosError | undefined {
    return this.#refused[0];
  }

  /** Brings what the catalog wants to the broker, and takes away what it does not want any more. */
  async apply(): Promise<void> {
    const { database, record, admin } = this.#options;
    const { provisioning } = database.repositories;
    await admin.refresh();
    await this.#inBatches(
      (page) => provisioning.listPending(record.environment, page),
      (batch) => this.#save(batch),
    );
    await this.#inBatches(
      (page) => provisioning.listUnwanted(record.environment, page),
      (batch) => this.#takeAway(batch),
    );
  }

  /** Compares the whole broker, and sets right what is managed if it is told to. */
  async check(repair: boolean): Promise<NonNullable<RunResult['drift']>> {
    const { admin } = this.#options;
    const { found, total, repairable, matched } = await findDrift(this.#options);
    await this.#saveResults(matched);
    if (!repair || repairable.length === 0) return { items: found, total };
    const repaired = new Map<string, string>();
    await this.#inBatches(
      async ({ after }) => (after === undefined ? repairable : []),
      async (batch) => {
        await inParallel(batch, REQUESTS_AT_A_TIME, async (entry) => {
          const error = await this.#attempt(() => admin.save(entry));
          if (error === undefined) repaired.set(textOf(entry), this.#options.now().toISOString());
        });
      },
    );
    const items = found.map((item): DriftItem => {
      const repairedAt = item.drift === 'unmanaged' ? undefined : repaired.get(textOf(item));
      return repairedAt === undefined ? item : { ...item, repairedAt };
    });
    const done = items.filter(({ repairedAt }) => repairedAt !== undefined);
    await this.#audit('provisioning.repair', done, repaired.size);
    return { items, total };
  }

  async #save(batch: readonly PendingEntry[]): Promise<void> {
    const { admin } = this.#options;
    const known = await inParallel(batch, REQUESTS_AT_A_TIME, async (entry) => {
      let found: FoundEntry | undefined;
      const error = await this.#attempt(async () => {
        found = await admin.find(entry.kind, entry.name);
      });
      return { entry, found, error, origin: entry.origin ?? originOf(entry, found) };
    });
    // Written before it is done: after a crash in between, what is there is still known to be our own.
    const beginnings = known.filter(({ entry, error }) => entry.origin === undefined && error === undefined);
    await this.#saveResults(beginnings.map(({ entry: { kind, name }, origin }) => ({ kind, name, origin })));
    const results = await inParallel(known, REQUESTS_AT_A_TIME, async ({ entry, found, error, origin }) => {
      const { kind, name, settings } = entry;
      if (error !== undefined) return { kind, name, origin, error };
      if (origin === 'found') return { kind, name, origin };
      if (isAsWanted(entry, found)) return { kind, name, origin, settings };
      const failure = await this.#attempt(() => admin.save(entry));
      return failure === undefined
        ? { kind, name, origin, settings }
        : { kind, name, origin, error: failure };
    });
    // An entry that could not even be looked at has no origin yet.
    const certain = results.filter((_, index) => known[index]?.error === undefined || batch[index]?.origin);
    await this.#saveResults(certain);
  }

  async #takeAway(batch: readonly UnwantedEntry[]): Promise<void> {
    const { database, record, admin } = this.#options;
    const { provisioning } = database.repositories;
    const gone: EntryKey[] = [];
    const deleted: EntryKey[] = [];
    const refused: EntryResult[] = [];
    await inParallel(batch, REQUESTS_AT_A_TIME, async ({ kind, name, origin, whenRetired }) => {
      const isOurs = origin === 'created' || origin === 'adopted';
      if (!isOurs || whenRetired === 'keep') {
        gone.push({ kind, name });
        return;
      }
      const error = await this.#attempt(async () => {
        if (kind === 'consumer-group' && (await admin.hasConsumers(name))) {
          const message = `The consumer group "${name}" is to be deleted, but clients are connected.`;
          throw new NomosError('IN_USE', message, { fix: 'Stop them; it is deleted then.' });
        }
        await admin.delete(kind, name);
      });
      if (error === undefined) deleted.push({ kind, name });
      else refused.push({ kind, name, origin, error });
    });
    await this.#audit('provisioning.delete', deleted, deleted.length);
    requireHeld(await provisioning.deleteEntries(record.environment, [...gone, ...deleted], this.#claim));
    await this.#saveResults(refused);
  }

  get #claim(): RunClaim {
    const { holder, record } = this.#options;
    return { holder, accessVersion: record.accessVersion };
  }

  /** What this broker has is written down for this broker only, even where a step took longer than the lease. */
  async #saveResults(results: readonly EntryResult[]): Promise<void> {
    const { database, record } = this.#options;
    const { provisioning } = database.repositories;
    requireHeld(await provisioning.saveResults(record.environment, results, this.#claim));
  }

  async #inBatches<Entry extends EntryKey>(
    list: (page: EntryPage) => Promise<readonly Entry[]>,
    work: (batch: readonly Entry[]) => Promise<void>,
  ): Promise<void> {
    let page: EntryPage = { limit: PAGE_ENTRIES };
    for (;;) {
      const entries = await list(page);
      for (let start = 0; start < entries.length; start += BATCH_ENTRIES) {
        await this.#options.renew();
        await work(entries.slice(start, start + BATCH_ENTRIES));
        const [refusal] = this.#refused;
        if (refusal !== undefined && this.#refused.length >= REFUSALS_MAX) throw refusal;
      }
      const last = entries.at(-1);
      if (last === undefined || entries.length < PAGE_ENTRIES) return;
      page = { limit: PAGE_ENTRIES, after: { kind: last.kind, name: last.name } };
    }
  }

  /** The words of a refusal that concerns one entry. What concerns the broker as a whole is thrown. */
  async #attempt(work: () => Promise<void>): Promise<string | undefined> {
    try {
      await work();
      return undefined;
    } catch (thrown) {
      const error = NomosError.from(thrown);
      if (!['BROKER_REFUSED', 'TOO_MANY_REQUESTS', 'IN_USE'].includes(error.code)) throw error;
      this.#refused.push(error);
      return error.message;
    }
  }

  async #audit(action: string, entries: readonly object[], total: number): Promise<void> {
    const { database, audit, record } = this.#options;
    if (total === 0) return;
    await database.change({}, (repositories) =>
      audit.record(repositories, provisioner, {
        ...{ action, subjectKind: 'environment', subject: record.environment },
        after: { total, entries: entries.slice(0, AUDITED_ENTRIES_MAX) },
      }),
    );
  }
}

/** @throws NomosError UNAVAILABLE. */
export function requireHeld(isHeld: boolean): void {
  if (isHeld) return;
  throw new NomosError('UNAVAILABLE', 'The environment has another broker now, or another registry has it.');
}

function originOf(entry: PendingEntry, found: FoundEntry | undefined): EntryOrigin {
  if (found === undefined || found.fromRegistry) return 'created';
  return findDifferences(entry, found).length === 0 ? 'matched' : 'found';
}

function isAsWanted(entry: PendingEntry, found: FoundEntry | undefined): boolean {
  return found?.everywhere === true && findDifferences(entry, found).length === 0;
}

function textOf({ kind, name }: EntryKey): string {
  return `${kind} ${name}`;
}
