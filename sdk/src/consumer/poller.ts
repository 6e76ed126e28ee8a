import { setTimeout as pause } from 'node:timers/promises';
import { limits, NomosError } from '@nomos/schemas';
import { backOffMs } from '../back-off.js';
import type { ReceiveCall } from '../transport/receive-messages.js';
import type { ReceiveBudget } from './receive-budget.js';

const FAILURE_BACK_OFF = { initialMs: 100, maxMs: 5_000 } as const;
/** When a consumer closes, a call that is younger may be about to bring messages; an older one only waits. */
const CANCEL_AFTER_MS = 100;

export interface Poll<Delivery> {
  readonly messagesMax: number;
  readonly waitMs: number;
  onMessage(delivery: Delivery): void;
}

export interface PollerParts<Delivery> {
  /** Room that only this poller uses, so that a busy topic never keeps another from being looked at. */
  readonly own: ReceiveBudget;
  /** Room that all pollers of the consumer share. */
  readonly shared: ReceiveBudget;
  /** Calls under way at most, beside the one that is always there. */
  readonly extraCallsMax: number;
  receive(poll: Poll<Delivery>): ReceiveCall;
  /** Takes a message over; the receiver calls `giveRoom` once when it is done with it. */
  deliver(delivery: Delivery, giveRoom: () => void): void;
  /** Told each failure, before the pause that follows; resolves when the next call may be made. */
  onFailure(error: NomosError): Promise<void>;
}

/**
 * Receives the messages of one assignment: by one long poll after the other, and by several side by side while
 * they come back full.
 */
export class Poller<Delivery> {
  readonly #parts: PollerParts<Delivery>;
  readonly #stop = new AbortController();
  readonly #lanes = new Set<Promise<void>>();
  readonly #calls = new Map<ReceiveCall, number>();
  /** Calls that are given up because they ask for the wrong thing; that is no failure. */
  readonly #interrupted = new WeakSet<ReceiveCall>();
  #extraLanes = 0;

  constructor(parts: PollerParts<Delivery>) {
    this.#parts = parts;
  }

  start(): void {
    this.#addLane(this.#poll(this.#parts.own, limits.longPollingMsMax, false));
  }

  /** Asks for no more, and resolves when what was asked for has come or is given up. */
  async stop(): Promise<void> {
    this.#stop.abort();
    const youngestMs = Math.max(0, ...this.#calls.values());
    const waitMs = youngestMs + CANCEL_AFTER_MS - Date.now();
    this.#cancelOlderThan(Date.now() - CANCEL_AFTER_MS);
    if (waitMs > 0 && this.#calls.size > 0) await pause(waitMs);
    this.#cancelOlderThan(Number.POSITIVE_INFINITY);
    await Promise.all(this.#lanes);
  }

  /** Gives up the calls that wait, and resolves when none of them receives any more; others follow at once. */
  async interrupt(): Promise<void> {
    const calls = [...this.#calls.keys()];
    for (const call of calls) {
      this.#interrupted.add(call);
      call.cancel();
    }
    await Promise.allSettled(calls.map(({ received }) => received));
  }

  #cancelOlderThan(startedAtMs: number): void {
    for (const [call, atMs] of this.#calls) if (atMs <= startedAtMs) call.cancel();
  }

  #addLane(lane: Promise<void>): void {
    this.#lanes.add(lane);
    lane.finally(() => this.#lanes.delete(lane));
  }

  async #poll(budget: ReceiveBudget, waitMs: number, isExtra: boolean): Promise<void> {
    let failures = 0;
    while (!this.#stop.signal.aborted) {
      const room = await budget.take(limits.receiveBatchMessages, this.#stop.signal);
      if (this.#stop.signal.aborted) {
        budget.give(room);
        return;
      }
      try {
        const isFull = await this.#receive(budget, room, waitMs);
        failures = 0;
        if (isFull) this.#pollMore();
        else if (isExtra) return;
      } catch (error) {
        if (isExtra) return;
        await this.#parts.onFailure(NomosError.from(error));
        const signal = this.#stop.signal;
        await pause(backOffMs(++failures, FAILURE_BACK_OFF), undefined, { signal }).catch(() => {});
      }
    }
  }

  /** One call; whether it came back full. */
  async #receive(budget: ReceiveBudget, room: number, waitMs: number): Promise<boolean> {
    let taken = 0;
    const call = this.#parts.receive({
      messagesMax: room,
      waitMs,
      onMessage: (delivery) => {
        taken++;
        // A server that sends more than it was asked for must not enlarge the budget when that is given back.
        this.#parts.deliver(delivery, taken <= room ? () => budget.give(1) : () => {});
      },
    });
    this.#calls.set(call, Date.now());
    try {
      return (await call.received) >= room;
    } catch (error) {
      if (this.#interrupted.has(call)) return false;
      throw error;
    } finally {
      this.#calls.delete(call);
      budget.give(Math.max(0, room - taken));
    }
  }

  #pollMore(): void {
    if (this.#stop.signal.aborted || this.#extraLanes >= this.#parts.extraCallsMax) return;
    this.#extraLanes++;
    const lane = this.#poll(this.#parts.shared, limits.longPollingMsMin, true);
    this.#addLane(
      lane.finally(() => {
        this.#extraLanes--;
      }),
    );
  }
}
