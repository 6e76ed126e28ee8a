import type { Store } from './store.js';
import { storeFailure } from './store-failure.js';

export type NumberedKind = 'topic' | 'group';
const KIND_LETTER = { topic: 't', group: 'g' } as const;
/** Begins the key of a number whose name was deleted, until what is stored under it is gone. */
const RELEASED_LETTER = 'x';

/**
 * Gives topics and groups the small numbers that stand for them in keys. A number is never given to another
 * name, and is durable before it is used.
 */
export class NameNumbers {
  readonly #store: Store;
  readonly #numbers = new Map<string, number>();
  readonly #names = new Map<string, string>();
  readonly #released = new Set<number>();
  readonly #underWay = new Map<string, Promise<number>>();
  #last = 0;

  constructor(store: Store) {
    this.#store = store;
    const all = { from: Buffer.from([0]), to: Buffer.from([0xff]) };
    for (const { key, value } of store.range('names', all)) {
      const text = key.toString();
      const number = value.readUInt32BE(0);
      if (!text.startsWith(RELEASED_LETTER)) this.#remember(text, number);
      else this.#released.add(number);
      this.#last = Math.max(this.#last, number);
    }
  }

  /** The number of a name that has one. */
  find(kind: NumberedKind, name: string): number | undefined {
    return this.#numbers.get(KIND_LETTER[kind] + name);
  }

  /** The name with a number. */
  name(kind: NumberedKind, number: number): string | undefined {
    return this.#names.get(`${KIND_LETTER[kind]}${number}`);
  }

  /** All names of a kind with their numbers. */
  *all(kind: NumberedKind): Iterable<readonly [name: string, number: number]> {
    for (const [key, number] of this.#numbers) {
      if (key.startsWith(KIND_LETTER[kind])) yield [key.slice(1), number];
    }
  }

  /** The number of a name, new if it has none yet. */
  async assign(kind: NumberedKind, name: string): Promise<number> {
    const key = KIND_LETTER[kind] + name;
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    const earlier = this.#underWay.get(key);
    if (earlier !== undefined) return await earlier;
    const assignment = this.#assign(key);
    this.#underWay.set(key, assignment);
    try {
      return await assignment;
    } finally {
      this.#underWay.delete(key);
    }
  }

  /** Numbers whose names were deleted while something is still stored under them. */
  released(): number[] {
    return [...this.#released];
  }

  /** Takes the number from a name that was deleted; the answer is the number, if it had one. Throws UNAVAILABLE. */
  async release(kind: NumberedKind, name: string): Promise<number | undefined> {
    const key = KIND_LETTER[kind] + name;
    const number = this.#numbers.get(key);
    if (number === undefined) return undefined;
    const value = Buffer.alloc(4);
    value.writeUInt32BE(number);
    // At once, so that whoever comes meanwhile gets another number.
    this.#numbers.delete(key);
    this.#names.delete(KIND_LETTER[kind] + number);
    try {
      await this.#store.commit([
        { table: 'names', key: Buffer.from(key) },
        { table: 'names', key: Buffer.from(RELEASED_LETTER + number), value },
      ]);
    } catch (error) {
      if (!this.#numbers.has(key)) this.#remember(key, number);
      throw storeFailure(error);
    }
    this.#released.add(number);
    return number;
  }

  /**
   * Nothing is stored under the number any more. It is not given again as long as the broker runs; the entry of the
   * highest number stays, so that it is not given again afterwards either.
   */
  async forgetReleased(number: number): Promise<void> {
    if (number < this.#last)
      await this.#store.commit([{ table: 'names', key: Buffer.from(RELEASED_LETTER + number) }]);
    this.#released.delete(number);
  }

  async #assign(key: string): Promise<number> {
    const number = ++this.#last;
    const value = Buffer.alloc(4);
    value.writeUInt32BE(number);
    try {
      await this.#store.commit([{ table: 'names', key: Buffer.from(key), value }]);
    } catch (error) {
      throw storeFailure(error);
    }
    this.#remember(key, number);
    return number;
  }

  #remember(key: string, number: number): void {
    this.#numbers.set(key, number);
    this.#names.set(key.charAt(0) + number, key.slice(1));
    this.#last = Math.max(this.#last, number);
  }
}
