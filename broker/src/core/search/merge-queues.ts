import { storedAtOf } from '../log/stored-message.js';

/** A message that a search comes upon in a queue. */
export interface Candidate {
  readonly offset: number;
  readonly value: Buffer;
}

/** What a search comes upon in one queue, by offset and so by time. */
export interface QueueSource {
  readonly queue: number;
  readonly candidates: Iterable<Candidate>;
}

interface Head extends Candidate {
  readonly queue: number;
  readonly storedAtMs: number;
  readonly rest: Iterator<Candidate>;
}

/**
 * The candidates of several queues by the time they were stored, those of one time by queue and offset. Holds one
 * message of each queue; queues are few (64 at most), so the smallest is found by looking at all.
 */
export function* mergeQueues(sources: readonly QueueSource[]): Iterable<Head> {
  const heads: Head[] = [];
  const open = sources.map(({ queue, candidates }) => ({ queue, rest: candidates[Symbol.iterator]() }));
  try {
    for (const { queue, rest } of open) {
      const head = headOf(queue, rest);
      if (head !== undefined) heads.push(head);
    }
    for (let first = earliest(heads); first !== undefined; first = earliest(heads)) {
      yield first;
      const following = headOf(first.queue, first.rest);
      const place = heads.indexOf(first);
      if (following === undefined) heads.splice(place, 1);
      else heads[place] = following;
    }
  } finally {
    // A search that ends early must not keep the store's cursors.
    for (const { rest } of open) rest.return?.();
  }
}

function headOf(queue: number, rest: Iterator<Candidate>): Head | undefined {
  const { done, value: candidate } = rest.next();
  if (done) return undefined;
  return { ...candidate, queue, storedAtMs: storedAtOf(candidate.value), rest };
}

/** Heads are in the order of their queues, and the first of equal ones is kept. */
function earliest(heads: readonly Head[]): Head | undefined {
  let first: Head | undefined;
  for (const head of heads) if (first === undefined || head.storedAtMs < first.storedAtMs) first = head;
  return first;
}
