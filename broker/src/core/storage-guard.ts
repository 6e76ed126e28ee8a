import { type Logger, NomosError } from '@nomos/schemas';
import type { Clock } from './clock.js';

/** The room that there is for more messages. */
export interface StorageSpace {
  /** Free on the disk, and free inside the store's own file. */
  readonly freeBytes: number;
  /** The size of the disk. */
  readonly totalBytes: number;
}

export interface StorageGuardOptions {
  readonly readSpace: () => Promise<StorageSpace>;
  readonly clock: Clock;
  readonly log: Logger;
}

const MEBIBYTE = 1024 * 1024;

export const storageLimits = {
  /** How long an answer about the free space counts. */
  checkPauseMs: 1_000,
  /** What sends leave free: this part of the disk, within these bounds. */
  reservePart: 0.01,
  reserveBytesMin: 16 * MEBIBYTE,
  reserveBytesMax: 256 * MEBIBYTE,
  /** Sends are taken again when so many times the reserve is free, so that they do not stop and go. */
  recovery: 1.25,
} as const;

/**
 * Refuses sends while the disk is nearly full. What is left then is for acknowledgements, progress and retention,
 * which must go on: deleting takes space too before it gives some back.
 */
export class StorageGuard {
  readonly #options: StorageGuardOptions;
  #full = false;
  #checkedAtMs = Number.NEGATIVE_INFINITY;
  #checking: Promise<void> | undefined;

  constructor(options: StorageGuardOptions) {
    this.#options = options;
  }

  /**
   * To be called before messages are stored. Throws STORAGE_FULL by what is known; a look at the disk that is due
   * goes on in the background, so a refused sender that tries again finds out that there is space.
   */
  assertRoom(): void {
    const sinceMs = this.#options.clock.now() - this.#checkedAtMs;
    // A clock that was set back must not put off the next look.
    if (sinceMs >= storageLimits.checkPauseMs || sinceMs < 0) void this.check();
    if (this.#full)
      throw new NomosError(
        'STORAGE_FULL',
        'The disk of the broker is nearly full; it takes no messages now.',
      );
  }

  /** Looks at the disk. What cannot be found out is logged and changes nothing. */
  check(): Promise<void> {
    this.#checking ??= this.#check().finally(() => {
      this.#checking = undefined;
    });
    return this.#checking;
  }

  async #check(): Promise<void> {
    const { readSpace, clock, log } = this.#options;
    this.#checkedAtMs = clock.now();
    try {
      const { freeBytes, totalBytes } = await readSpace();
      const reserveBytes = reserveOf(totalBytes);
      const neededBytes = this.#full ? reserveBytes * storageLimits.recovery : reserveBytes;
      const full = freeBytes < neededBytes;
      if (full && !this.#full)
        log.error({ freeBytes, reserveBytes }, 'the disk is nearly full; sends are refused');
      if (!full && this.#full) log.info({ freeBytes }, 'the disk has room again; sends are taken');
      this.#full = full;
    } catch (error) {
      log.error({ err: error }, 'the free space of the disk cannot be read');
    }
  }
}

/** What is left free on a disk of this size. */
function reserveOf(totalBytes: number): number {
  const { reservePart, reserveBytesMin, reserveBytesMax } = storageLimits;
  return Math.min(Math.max(totalBytes * reservePart, reserveBytesMin), reserveBytesMax);
}
