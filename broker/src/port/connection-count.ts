import { BlockList, isIPv6 } from 'node:net';
import type { Logger } from '@nomos/schemas';
import { brokerLimits } from '../core/broker-limits.js';
import type { Clock } from '../core/clock.js';

/** How many connections there may be. */
export interface ConnectionLimits {
  readonly connections: number;
  readonly connectionsPerAddress: number;
}

/**
 * Counts connections, in all and by remote address. Refusals are logged together, since a flood of
 * connections must not become a flood of lines.
 */
export class ConnectionCount {
  readonly #limits: ConnectionLimits;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #byAddress = new Map<string, number>();
  #all = 0;
  #refused = 0;
  #cancelReport: (() => void) | undefined;

  constructor(limits: ConnectionLimits, clock: Clock, log: Logger) {
    this.#limits = limits;
    this.#clock = clock;
    this.#log = log;
  }

  /** Counts one more connection; the answer ends that. Undefined when there are too many already. */
  add(address: string): (() => void) | undefined {
    const ofAddress = this.#byAddress.get(address) ?? 0;
    const ofAddressMax = isLoopback(address) ? Number.POSITIVE_INFINITY : this.#limits.connectionsPerAddress;
    if (this.#all >= this.#limits.connections || ofAddress >= ofAddressMax) {
      this.#refuse(address);
      return undefined;
    }
    this.#all++;
    this.#byAddress.set(address, ofAddress + 1);
    let counted = true;
    return () => {
      if (counted) this.#remove(address);
      counted = false;
    };
  }

  /** Logs nothing more. */
  stop(): void {
    this.#cancelReport?.();
    this.#cancelReport = undefined;
  }

  #remove(address: string): void {
    this.#all--;
    const left = (this.#byAddress.get(address) ?? 1) - 1;
    if (left > 0) this.#byAddress.set(address, left);
    else this.#byAddress.delete(address);
  }

  #refuse(address: string): void {
    this.#refused++;
    if (this.#cancelReport !== undefined) return;
    this.#report(address);
    this.#cancelReport = this.#clock.setTimer(brokerLimits.refusalLogPauseMs, () => {
      this.#cancelReport = undefined;
      if (this.#refused > 0) this.#report(address);
    });
  }

  #report(address: string): void {
    const { connections, connectionsPerAddress } = this.#limits;
    const fields = { refused: this.#refused, address, connections, connectionsPerAddress };
    this.#log.warn(fields, 'connections refused, since there are too many');
    this.#refused = 0;
  }
}

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

/** Whether an address is of this machine itself, also when IPv6 carries an IPv4 address (`::ffff:127.0.0.1`). */
function isLoopback(address: string): boolean {
  return loopback.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
}
