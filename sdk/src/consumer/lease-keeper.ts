import { setTimeout as pause } from 'node:timers/promises';
import { NomosError } from '@nomos/schemas';
import { backOffMs } from '../back-off.js';
import { isRetriable } from '../transport/status.js';
import type { HeldMessage } from './held-message.js';

/** The broker's time of delivery is a little before the message's arrival here. */
export const LEASE_MARGIN_MS = 1_000;

/**
 * Renews the leases of messages at half their time for as long as they are held. All leases have the same
 * duration, so the one that was renewed longest ago is the next; one timer serves them all.
 */
export class LeaseKeeper {
  readonly #durationMs: number;
  /** Gives a lease its full time again; the answer is the new receipt handle. */
  readonly #renew: (held: HeldMessage) => Promise<string>;
  /** When each lease is to be renewed; in that order. */
  readonly #due = new Map<HeldMessage, number>();
  readonly #renewing = new Set<HeldMessage>();
  #timer: NodeJS.Timeout | undefined;

  constructor(durationMs: number, renew: (held: HeldMessage) => Promise<string>) {
    this.#durationMs = durationMs;
    this.#renew = renew;
  }

  keep(held: HeldMessage): void {
    this.#due.set(held, Date.now() + this.#durationMs / 2);
    if (this.#timer === undefined) this.#arm();
  }

  /** Stops renewing the lease; resolves when no renewal is under way, so that the receipt handle is the last. */
  letGo(held: HeldMessage): Promise<void> | undefined {
    this.#due.delete(held);
    this.#renewing.delete(held);
    return held.renewal;
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#due.clear();
    this.#renewing.clear();
  }

  #arm(): void {
    const next = this.#due.values().next();
    this.#timer = undefined;
    if (next.done) return;
    this.#timer = setTimeout(() => this.#sweep(), Math.max(1, next.value - Date.now()));
  }

  #sweep(): void {
    const nowMs = Date.now();
    for (const [held, atMs] of this.#due) {
      if (atMs > nowMs) break;
      this.#due.delete(held);
      this.#renewing.add(held);
      held.renewal = this.#renewOne(held).finally(() => {
        held.renewal = undefined;
      });
    }
    this.#arm();
  }

  async #renewOne(held: HeldMessage): Promise<void> {
    for (let attempt = 1; this.#renewing.has(held); attempt++) {
      const startedAtMs = Date.now();
      try {
        const [receiptHandle, isClaimed] = await Promise.all([
          this.#renew(held),
          held.renewClaim?.() ?? true,
        ]);
        held.receiptHandle = receiptHandle;
        held.leaseEndsAtMs = startedAtMs + this.#durationMs - LEASE_MARGIN_MS;
        if (!isClaimed) held.lose(new NomosError('RECEIPT_HANDLE_INVALID', 'Another worker has the claim.'));
        else if (this.#renewing.has(held)) this.keep(held);
        break;
      } catch (thrown) {
        const error = NomosError.from(thrown, 'IDEMPOTENCE_STORE_FAILED');
        const waitMs = backOffMs(attempt);
        const mayPass = isRetriable(error) || error.code === 'IDEMPOTENCE_STORE_FAILED';
        if (!mayPass || Date.now() + waitMs >= held.leaseEndsAtMs) {
          held.lose(error);
          break;
        }
        await pause(waitMs, undefined, { ref: false });
      }
    }
    this.#renewing.delete(held);
  }
}
