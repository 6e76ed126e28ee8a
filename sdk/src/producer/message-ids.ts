import { randomBytes } from 'node:crypto';

/** RocketMQ's ids count seconds from 2021-01-01 00:00:00 UTC. */
const EPOCH_SECONDS = Date.UTC(2021, 0, 1) / 1000;
const SEQUENCE_MAX = 0xffffffff;

/**
 * Makes message ids in RocketMQ 5's format: `01`, 6 bytes that tell machines apart, 2 of the process id, 4 of the
 * time in seconds, 4 of a sequence, as 34 upper-case hexadecimal characters. The official clients take the first
 * from the network card, so that threads of one process, and containers, repeat each other's ids; random bytes for
 * each instance do not.
 */
export class MessageIds {
  readonly #prefix: string;
  #sequence = 0;
  #second = -1;
  #secondText = '';

  constructor() {
    this.#prefix = `01${randomBytes(6).toString('hex')}${hex(process.pid % 0x10000, 4)}`.toUpperCase();
  }

  /** A new id. */
  next(nowMs: number): string {
    const second = Math.floor(nowMs / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#secondText = hex((second - EPOCH_SECONDS) % 2 ** 32, 8).toUpperCase();
    }
    const id = `${this.#prefix}${this.#secondText}${hex(this.#sequence, 8).toUpperCase()}`;
    this.#sequence = this.#sequence === SEQUENCE_MAX ? 0 : this.#sequence + 1;
    return id;
  }
}

function hex(value: number, length: number): string {
  return value.toString(16).padStart(length, '0');
}
