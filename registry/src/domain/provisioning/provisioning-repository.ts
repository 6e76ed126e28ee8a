import type { DriftItem, DriftPolicy, ProvisionedKind } from '@nomos/schemas';
import type { EntrySettings } from './broker-admin.js';

/**
 * How an entry came to the broker. `created`: by this registry. `matched`: it was there and as the catalog wants it;
 * it is changed with the catalog, and never deleted. `found`: it was there, with other settings; it is left alone.
 * `adopted`: somebody gave it into the registry's hands.
 */
export type EntryOrigin = 'created' | 'matched' | 'found' | 'adopted';

/** How the broker of an environment is reached, as it is stored. */
export interface StoredAccess {
  readonly environment: string;
  readonly endpoints: readonly string[];
  readonly tls: boolean;
  readonly certificateAuthority?: string;
  readonly accessKey?: string;
  readonly secretKeyEncrypted?: Uint8Array;
  readonly driftPolicy: DriftPolicy;
}

/** Access to an environment's broker, and how far provisioning has come. */
export interface ProvisioningRecord extends StoredAccess {
  readonly accessVersion: number;
  readonly revision: number;
  readonly failures: number;
  readonly failingSince?: Date;
  readonly errorCode?: string;
  readonly errorMessage?: string;
  readonly lastAttemptAt?: Date;
  readonly lastSuccessAt?: Date;
  readonly checkedAt?: Date;
  readonly drift: readonly DriftItem[];
  readonly driftTotal: number;
}

/** What is to be done at the broker for one entry of the catalog. */
export type PendingEntry = EntrySettings & {
  /** Absent for one that was never at work here. */
  readonly origin?: EntryOrigin;
  /** Whether it was made before, so that this is a change. */
  readonly applied: boolean;
  readonly error?: string;
};

/** An entry that is provisioned and not wanted any more. */
export interface UnwantedEntry {
  readonly kind: ProvisionedKind;
  readonly name: string;
  readonly origin: EntryOrigin;
  readonly whenRetired: 'keep' | 'delete';
  readonly error?: string;
}

/** An entry that the registry has made, or taken over, at the broker. */
export type ProvisionedEntry = EntrySettings & { readonly origin: EntryOrigin };

export interface EntryKey {
  readonly kind: ProvisionedKind;
  readonly name: string;
}

/** What is known of an entry after something was done for it. */
export interface EntryResult extends EntryKey {
  readonly origin: EntryOrigin;
  /** As it is at the broker now; absent where that is not known. */
  readonly settings?: EntrySettings['settings'];
  readonly error?: string;
}

/** How a run ended. */
export interface RunResult {
  /** The revision up to which everything is at the broker; absent when something failed. */
  readonly revision?: number;
  readonly error?: { readonly code: string; readonly message: string };
  readonly retryAfterMs: number;
  /** From a look at everything. */
  readonly drift?: { readonly items: readonly DriftItem[]; readonly total: number };
}

/** A page of entries in the order of kind and name. */
export interface EntryPage {
  readonly after?: EntryKey;
  readonly limit: number;
}

export interface LeaseTimes {
  readonly durationMs: number;
  /** How old the last look at the whole broker may be. */
  readonly checkIntervalMs: number;
}

export interface Lease {
  /** The environment's revision when the lease was taken. */
  readonly revision: number;
  readonly isCheckDue: boolean;
}

/** What a run has to have still when it writes, since meanwhile the environment may have another broker, or run. */
export interface RunClaim {
  readonly holder: string;
  readonly accessVersion: number;
}

export interface ProvisioningRepository {
  find(environment: string): Promise<ProvisioningRecord | undefined>;
  /** Stores the access; everything is looked at again then. */
  saveAccess(access: StoredAccess): Promise<void>;
  /** Stores the same secret key, encrypted anew. */
  reseal(environment: string, secretKeyEncrypted: Uint8Array): Promise<void>;
  /** Forgets the environment and all that was done there. */
  remove(environment: string): Promise<void>;

  /** Environments where something is to be done now, and nobody does it. */
  listDue(checkIntervalMs: number): Promise<string[]>;
  /** Takes the environment for the holder; undefined while somebody else has it. */
  takeLease(environment: string, holder: string, times: LeaseTimes): Promise<Lease | undefined>;
  /** Whether the holder has had the environment without a gap. */
  renewLease(environment: string, holder: string, durationMs: number): Promise<boolean>;
  /** Writes down how a run went, and gives the environment free; nothing if the holder has lost it. */
  finish(environment: string, holder: string, result: RunResult): Promise<void>;

  /** Entries of the catalog that are not at the broker as they are wanted; without those in quarantine. */
  listPending(environment: string, page: EntryPage): Promise<PendingEntry[]>;
  listUnwanted(environment: string, page: EntryPage): Promise<UnwantedEntry[]>;
  /** What is provisioned, without what is in quarantine. */
  listEntries(environment: string, page: EntryPage): Promise<ProvisionedEntry[]>;
  countEntries(environment: string): Promise<number>;
  countPlan(environment: string): Promise<number>;
  /** Entries that were found with other settings, as the catalog wants them; without those in quarantine. */
  listFound(environment: string, page: EntryPage): Promise<PendingEntry[]>;
  /** Those of the names that the catalog wants at the broker of the environment. */
  listWanted(environment: string, kind: ProvisionedKind, names: readonly string[]): Promise<string[]>;
  /** Writes what became of entries; with a claim only if that holds in the same moment. Returns whether it did. */
  saveResults(environment: string, results: readonly EntryResult[], claim?: RunClaim): Promise<boolean>;
  /** Forgets entries if the claim holds in the same moment. Returns whether it did. */
  deleteEntries(environment: string, keys: readonly EntryKey[], claim: RunClaim): Promise<boolean>;
}
