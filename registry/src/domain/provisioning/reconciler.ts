import { type Logger, NomosError } from '@nomos/schemas';
import type { AuditLog } from '../audit/audit-log.js';
import type { Clock } from '../clock.js';
import type { Database } from '../repositories.js';
import type { BrokerAdmin, ConnectBrokerAdmin } from './broker-admin.js';
import type { Provisioning } from './provisioning.js';
import type { Lease, ProvisioningRecord, RunResult } from './provisioning-repository.js';
import { ReconcileRun, requireHeld } from './reconcile-run.js';

export interface ReconcilerTimes {
  /** How often whole brokers are compared with what was made there. */
  readonly checkIntervalMs: number;
  /** How often the database is asked what is to be done. */
  readonly pollIntervalMs: number;
  /** Between attempts that fail: it doubles up to the longest. */
  readonly retryMs: number;
  readonly retryMsMax: number;
}

export const defaultReconcilerTimes: ReconcilerTimes = {
  checkIntervalMs: 60_000,
  pollIntervalMs: 1_000,
  retryMs: 250,
  retryMsMax: 5_000,
};

export interface ReconcilerOptions {
  readonly database: Database;
  readonly provisioning: Provisioning;
  readonly audit: AuditLog;
  readonly connect: ConnectBrokerAdmin;
  readonly clock: Clock;
  readonly log: Logger;
  readonly times: ReconcilerTimes;
  /** Tells this process from all others on the database. */
  readonly holder: string;
}

/** What one run is told beside what is stored. */
interface Wish {
  readonly check?: boolean;
  readonly repair?: boolean | undefined;
}

/** Longer than one batch can take, so that only a process that died loses its lease. */
const LEASE_MS = 30_000;
const LEASE_POLL_MS = 100;
const ENVIRONMENTS_AT_A_TIME = 8;

/**
 * Keeps the brokers of all managed environments as the catalog wants them: at once after a change by this process,
 * within the poll interval after one by another, and every check interval against changes at the brokers themselves.
 * A lease in the database lets one process at a time work on an environment.
 */
export class Reconciler {
  readonly #options: ReconcilerOptions;
  readonly #running = new Map<string, Promise<void>>();
  readonly #admins = new Map<string, { readonly access: string; readonly admin: BrokerAdmin }>();
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> | undefined;
  #lookAgain = false;
  #closed = false;

  constructor(options: ReconcilerOptions) {
    this.#options = options;
  }

  start(): void {
    this.wake();
  }

  /** Looks at once what is to be done. */
  wake(): void {
    if (this.#closed) return;
    this.#lookAgain = true;
    if (this.#looking !== undefined) return;
    clearTimeout(this.#timer);
    this.#looking = this.#look().finally(() => {
      this.#looking = undefined;
      if (this.#closed) return;
      this.#timer = setTimeout(() => this.wake(), this.#options.times.pollIntervalMs);
    });
  }

  /**
   * Compares and reconciles an environment now, after whatever is under way there; how it went is in the state.
   *
   * @returns whether it ended within the time; it goes on otherwise.
   */
  async reconcile(environment: string, repair: boolean | undefined, timeoutMs: number): Promise<boolean> {
    const deadlineMs = performance.now() + timeoutMs;
    for (;;) {
      const running = this.#running.get(environment);
      if (running !== undefined) await within(running, deadlineMs);
      else if (await this.#tryRun(environment, { check: true, repair }, deadlineMs)) return true;
      if (this.#closed || performance.now() >= deadlineMs) return false;
      // Another registry may be at it.
      await new Promise((resolve) => setTimeout(resolve, LEASE_POLL_MS));
    }
  }

  /** Ends the connection to a broker that is not managed any more. */
  forget(environment: string): void {
    this.#admins.get(environment)?.admin.close();
    this.#admins.delete(environment);
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    for (const { admin } of this.#admins.values()) admin.close();
    await this.#looking;
    await Promise.all(this.#running.values());
  }

  async #look(): Promise<void> {
    const { database, times, log } = this.#options;
    while (this.#lookAgain && !this.#closed) {
      this.#lookAgain = false;
      try {
        const due = await database.repositories.provisioning.listDue(times.checkIntervalMs);
        for (const environment of due) {
          if (this.#running.size >= ENVIRONMENTS_AT_A_TIME) break;
          if (!this.#running.has(environment)) void this.#run(environment, {});
        }
      } catch (error) {
        log.warn({ reason: NomosError.from(error).message }, 'cannot look for what is to be provisioned');
      }
    }
  }

  async #tryRun(environment: string, wish: Wish, deadlineMs: number): Promise<boolean> {
    let taken = false;
    const run = this.#run(environment, wish, () => {
      taken = true;
    });
    return (await within(run, deadlineMs)) && taken;
  }

  /** Never rejects. */
  #run(environment: string, wish: Wish, onTaken?: () => void): Promise<void> {
    const run = this.#leaseAndRun(environment, wish, onTaken)
      .catch((error: unknown) => {
        const reason = NomosError.from(error).message;
        this.#options.log.warn({ environment, reason }, 'provisioning could not be done');
      })
      .finally(() => {
        this.#running.delete(environment);
        // What came meanwhile is not to wait for the next poll.
        this.wake();
      });
    this.#running.set(environment, run);
    return run;
  }

  async #leaseAndRun(environment: string, wish: Wish, onTaken?: () => void): Promise<void> {
    const { database, holder, times } = this.#options;
    const { provisioning } = database.repositories;
    const leaseTimes = { durationMs: LEASE_MS, checkIntervalMs: times.checkIntervalMs };
    const lease = await provisioning.takeLease(environment, holder, leaseTimes);
    if (lease === undefined) return;
    onTaken?.();
    const record = await provisioning.find(environment);
    if (record === undefined) return;
    const result = await this.#reconcile(record, lease, wish);
    await provisioning.finish(environment, holder, result);
  }

  async #reconcile(record: ProvisioningRecord, lease: Lease, wish: Wish): Promise<RunResult> {
    const { database, holder, log, times, clock } = this.#options;
    const { environment, failures } = record;
    const retryAfterMs = Math.min(times.retryMs * 2 ** Math.min(failures, 20), times.retryMsMax);
    const renew = async () =>
      requireHeld(await database.repositories.provisioning.renewLease(environment, holder, LEASE_MS));
    let drift: RunResult['drift'];
    try {
      const admin = this.#adminOf(record);
      const run = new ReconcileRun({ ...this.#options, record, admin, now: clock, renew });
      await run.apply();
      if (wish.check === true || lease.isCheckDue) {
        drift = await run.check(wish.repair ?? record.driftPolicy === 'repair');
      }
      if (run.refusal !== undefined) throw run.refusal;
      if (failures > 0) log.info({ environment }, 'the broker is provisioned again');
      return { revision: lease.revision, retryAfterMs: 0, ...(drift && { drift }) };
    } catch (thrown) {
      const { code, message } = NomosError.from(thrown);
      if (failures === 0)
        log.warn({ environment, code, reason: message }, 'the broker cannot be provisioned');
      return { error: { code, message }, retryAfterMs, ...(drift && { drift }) };
    }
  }

  /** The connection that is kept, or a new one when the access has changed. */
  #adminOf(record: ProvisioningRecord): BrokerAdmin {
    if (this.#closed) throw new NomosError('CLOSED', 'The registry is closing.');
    const { environment, accessVersion, endpoints } = record;
    // Versions begin anew when an environment gets another broker.
    const access = [accessVersion, ...endpoints].join(' ');
    const known = this.#admins.get(environment);
    if (known?.access === access) return known.admin;
    known?.admin.close();
    const admin = this.#options.connect(this.#options.provisioning.target(record));
    this.#admins.set(environment, { access, admin });
    return admin;
  }
}

/** Whether the work ended before the deadline. */
async function within(work: Promise<void>, deadlineMs: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), Math.max(deadlineMs - performance.now(), 0));
  });
  const ended = await Promise.race([work.then(() => true as const), timeout]);
  clearTimeout(timer);
  return ended;
}
