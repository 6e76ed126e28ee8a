import type { Entry, KeyRange, Store, Table, Write } from '../core/store.js';
import { MemoryStore } from './memory-store.js';

/** How the disk behaves; may be changed at any time. */
export interface DiskBehaviour {
  /** A commit takes up to so many turns until it can be read, and up to so many more until it is reported. */
  commitTurnsMax: number;
  reportTurnsMax: number;
  /** The part of the commits that fail, 0 to 1. */
  failingPart: number;
  /** While the disk is full, every commit fails; reads go on. */
  isFull: boolean;
}

interface Commit {
  readonly batch: readonly Write[];
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
  turnsLeft: number;
}

interface Applied extends Commit {
  /** What puts back the state before the batch. */
  readonly undo: readonly Write[];
}

/**
 * A store in memory on a disk that is slow, fails and loses power, for simulations of the core. The disk moves
 * only by `turn`, and all chances come from the given random numbers, so a run can be repeated exactly.
 *
 * It promises what `Store` does and no more: a batch may be read, and may even survive a crash, before its
 * commit is reported; a crash keeps everything that was reported, and of the rest the first few batches.
 */
export class FaultyStore implements Store {
  readonly behaviour: DiskBehaviour = {
    ...{ commitTurnsMax: 0, reportTurnsMax: 0, failingPart: 0, isFull: false },
  };
  /** Failures that were reported so far. */
  failures = 0;
  readonly #random: () => number;
  readonly #content: MemoryStore;
  /** In the order of the calls: those that cannot be read yet, and before them those that can. */
  #waiting: Commit[] = [];
  #applied: Applied[] = [];
  #hasCrashed = false;

  /** `random` gives numbers from 0 up to and without 1. */
  constructor(random: () => number, content = new MemoryStore()) {
    this.#random = random;
    this.#content = content;
  }

  /** Commits that are not reported yet. */
  get unreported(): number {
    return this.#applied.length + this.#waiting.length;
  }

  get(table: Table, key: Buffer): Buffer | undefined {
    return this.#content.get(table, key);
  }

  range(table: Table, range: KeyRange): Iterable<Entry> {
    return this.#content.range(table, range);
  }

  /** After a crash the promise stays open for ever, as nobody is left to hear of it. */
  commit(batch: readonly Write[]): Promise<void> {
    return new Promise((resolve, reject) => {
      const turnsLeft = this.#turns(this.behaviour.commitTurnsMax);
      this.#waiting.push({ batch, resolve, reject, turnsLeft });
    });
  }

  /** One turn of the disk: reports at most what is finished, and takes on at most one group of batches. */
  async turn(): Promise<void> {
    if (this.#hasCrashed) return;
    this.#report();
    const [head] = this.#waiting;
    if (head === undefined || head.turnsLeft-- > 0) return;
    if (this.behaviour.isFull || this.#random() < this.behaviour.failingPart) {
      if (this.#applied.length === 0) this.#fail();
      return;
    }
    const group = this.#waiting.splice(0, 1 + this.#turns(this.#waiting.length - 1));
    for (const commit of group) await this.#apply(commit);
  }

  /** Loses power. The answer is the disk as the next process finds it; this store does nothing any more. */
  async crash(): Promise<FaultyStore> {
    this.#hasCrashed = true;
    const kept = this.#turns(this.unreported);
    for (const { undo } of this.#applied.slice(kept).reverse()) await this.#content.commit(undo);
    const keptWaiting = this.#waiting.slice(0, Math.max(0, kept - this.#applied.length));
    for (const { batch } of keptWaiting) await this.#content.commit(batch);
    const survivor = new FaultyStore(this.#random, this.#content);
    Object.assign(survivor.behaviour, this.behaviour);
    survivor.failures = this.failures;
    return survivor;
  }

  /** Ends what is under way. */
  async close(): Promise<void> {
    while (this.unreported > 0) await this.turn();
  }

  #report(): void {
    for (let first = this.#applied[0]; first !== undefined; first = this.#applied[0]) {
      if (first.turnsLeft-- > 0) return;
      this.#applied.shift();
      first.resolve();
    }
  }

  /** With the first that fails go all that were called before its failure is reported. */
  #fail(): void {
    const failed = this.#waiting;
    this.#waiting = [];
    this.failures++;
    const error = new Error(this.behaviour.isFull ? 'no space is left on the disk' : 'the disk failed');
    for (const { reject } of failed) reject(error);
  }

  async #apply(commit: Commit): Promise<void> {
    const undo = commit.batch.map(({ table, key }): Write => {
      const value = this.#content.get(table, key);
      return value === undefined ? { table, key } : { table, key, value };
    });
    await this.#content.commit(commit.batch);
    this.#applied.push({ ...commit, undo, turnsLeft: this.#turns(this.behaviour.reportTurnsMax) });
  }

  /** 0 to `most`, both included. */
  #turns(most: number): number {
    return Math.floor(this.#random() * (most + 1));
  }
}
