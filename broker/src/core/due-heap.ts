/** Something that becomes due; the heap keeps its place in `heapIndex`, -1 while it is in no heap. */
export interface Due {
  dueAtMs: number;
  heapIndex: number;
}

/**
 * A binary min-heap by due time. Items know their place, so an acknowledged message leaves at once
 * instead of staying until its time has come.
 */
export class DueHeap<Item extends Due> {
  readonly #items: Item[] = [];

  get size(): number {
    return this.#items.length;
  }

  first(): Item | undefined {
    return this.#items[0];
  }

  add(item: Item): void {
    this.#items.push(item);
    this.#rise(item, this.#items.length - 1);
  }

  /** Removes the item; nothing happens when it is in no heap. */
  remove(item: Item): void {
    const index = item.heapIndex;
    if (index < 0) return;
    item.heapIndex = -1;
    const last = this.#items.pop();
    if (last === undefined || last === item) return;
    this.#rise(last, index);
    if (last.heapIndex === index) this.#sink(last, index);
  }

  #rise(item: Item, from: number): void {
    let index = from;
    while (index > 0) {
      const parentIndex = (index - 1) >> 1;
      const parent = this.#items[parentIndex];
      if (parent === undefined || parent.dueAtMs <= item.dueAtMs) break;
      this.#place(parent, index);
      index = parentIndex;
    }
    this.#place(item, index);
  }

  #sink(item: Item, from: number): void {
    let index = from;
    for (;;) {
      const left = this.#items[2 * index + 1];
      const right = this.#items[2 * index + 2];
      const smaller =
        right !== undefined && left !== undefined && right.dueAtMs < left.dueAtMs ? right : left;
      if (smaller === undefined || smaller.dueAtMs >= item.dueAtMs) break;
      const childIndex = smaller === left ? 2 * index + 1 : 2 * index + 2;
      this.#place(smaller, index);
      index = childIndex;
    }
    this.#place(item, index);
  }

  #place(item: Item, index: number): void {
    this.#items[index] = item;
    item.heapIndex = index;
  }
}
