import { limits, NomosError } from '@nomos/schemas';
import { brokerLimits } from '../core/broker-limits.js';
import type { Clock } from '../core/clock.js';

/** How many bytes answers may hold in memory. */
export interface DeliveryLimits {
  /** All answers together. */
  readonly unreadBytes: number;
  /** The answers to one application, so that one that does not read does not hold up another. */
  readonly unreadBytesPerApplication: number;
}

/** The largest message as the store holds it. */
const MESSAGE_BYTES_MAX = limits.messageBodyBytes + 2 * limits.messagePropertiesBytes;
/** What an answer may need: the core stops taking messages with the first one that reaches its limit. */
const ANSWER_BYTES_MAX = answerBytes([brokerLimits.receiveBytes, MESSAGE_BYTES_MAX]);

/**
 * What an answer with messages of these sizes holds in memory: the messages, and, of one at a time, the encoded
 * message and the frame that gRPC copies it into.
 */
export function answerBytes(messageBytes: readonly number[]): number {
  const sum = messageBytes.reduce((total, bytes) => total + bytes, 0);
  return sum + 2 * Math.max(0, ...messageBytes);
}

/**
 * Bounds the memory that answers to ReceiveMessage hold from when their messages are taken out of the store
 * until clients have read them. A receive that finds no room waits in line; applications take turns.
 */
export class DeliveryWindow {
  readonly #clock: Clock;
  readonly #limits: DeliveryLimits;
  readonly #heldBytes = new Map<string, number>();
  readonly #lines = new Map<string, Set<AnswerRoom>>();
  #allBytes = 0;

  constructor(clock: Clock, limits: DeliveryLimits = brokerLimits) {
    this.#clock = clock;
    this.#limits = limits;
  }

  /** Bytes that all answers hold now. */
  get bytes(): number {
    return this.#allBytes;
  }

  /** The room for one answer; it holds nothing yet. `retry` is called when there is room after all. */
  room(application: string, retry: () => void): AnswerRoom {
    const room = new AnswerRoom(this.#clock, retry, {
      hold: (bytes) => this.#change(application, bytes),
      hasRoom: () => this.#hasRoom(application),
      standInLine: () => {
        const line = this.#lines.get(application) ?? new Set();
        this.#lines.set(application, line.add(room));
      },
      leaveLine: () => {
        const line = this.#lines.get(application);
        if (line?.delete(room) && line.size === 0) this.#lines.delete(application);
      },
    });
    return room;
  }

  #hasRoom(application: string): boolean {
    const { unreadBytes, unreadBytesPerApplication } = this.#limits;
    const held = this.#heldBytes.get(application) ?? 0;
    const ofApplication = unreadBytesPerApplication - held;
    return Math.min(unreadBytes - this.#allBytes, ofApplication) >= ANSWER_BYTES_MAX;
  }

  #change(application: string, bytes: number): void {
    this.#allBytes += bytes;
    const held = (this.#heldBytes.get(application) ?? 0) + bytes;
    if (held > 0) this.#heldBytes.set(application, held);
    else this.#heldBytes.delete(application);
    if (bytes < 0) this.#serveLines();
  }

  /** Each round lets one receive of every application go on, until there is no room or nobody waits. */
  #serveLines(): void {
    for (let served = true; served; ) {
      served = false;
      for (const [application, line] of [...this.#lines]) {
        const first = line.values().next();
        if (first.done || !this.#hasRoom(application)) continue;
        first.value.goOn();
        served = true;
      }
    }
  }
}

interface Place {
  /** Counts bytes as held; negative, as given back. */
  hold(bytes: number): void;
  hasRoom(): boolean;
  standInLine(): void;
  leaveLine(): void;
}

/** What one answer holds of the window: nothing, then as much as an answer may need, then what it does need. */
class AnswerRoom {
  readonly #clock: Clock;
  readonly #retry: () => void;
  readonly #place: Place;
  #bytes = 0;
  #isRefused = false;
  #isReleased = false;
  #cancelGiveBack: (() => void) | undefined;

  constructor(clock: Clock, retry: () => void, place: Place) {
    this.#clock = clock;
    this.#retry = retry;
    this.#place = place;
  }

  /**
   * To be called when messages are about to be taken; false when there is no room, which puts the receive in
   * line. What is held without being used is given back in a later turn of the event loop.
   */
  hold(): boolean {
    if (this.#bytes > 0) return true;
    if (this.#isReleased) return false;
    this.#isRefused = !this.#place.hasRoom();
    if (this.#isRefused) this.#place.standInLine();
    else this.#holdForNow();
    return !this.#isRefused;
  }

  /** Ends waiting in line: the room is held, and the receive tries again. */
  goOn(): void {
    this.#isRefused = false;
    this.#holdForNow();
    this.#retry();
  }

  /** Holds just what the answer needs, until it is released. */
  use(bytes: number): void {
    this.#cancelGiveBack?.();
    if (!this.#isReleased) this.#change(bytes);
  }

  /** The answer has been read, or there is none. Further calls do nothing. */
  release(): void {
    this.#isReleased = true;
    this.#cancelGiveBack?.();
    this.#place.leaveLine();
    this.#change(0);
  }

  /** Throws TOO_MANY_REQUESTS when the receive waited in vain for others to read. */
  assertNotRefused(application: string): void {
    if (!this.#isRefused) return;
    const message = `There are messages for application "${application}", but its clients or others do not read what they receive.`;
    throw new NomosError('TOO_MANY_REQUESTS', message, {
      fix: 'Read answers to the end, and receive with fewer calls at a time.',
    });
  }

  #holdForNow(): void {
    this.#place.leaveLine();
    this.#change(ANSWER_BYTES_MAX);
    this.#cancelGiveBack = this.#clock.setTimer(0, () => this.#change(0));
  }

  #change(bytes: number): void {
    const more = bytes - this.#bytes;
    this.#bytes = bytes;
    if (more !== 0) this.#place.hold(more);
  }
}

export type { AnswerRoom };
