import { type Automaton, alphabetSize } from './automaton.js';
import type { Concatenation } from './concatenation.js';

/** The names among which a search takes place. */
export interface NameSpace {
  readonly concatenation: Concatenation;
  /** What RocketMQ allows, apart from the length. */
  readonly legalNames: Automaton;
  /** One letter for each class of letters that neither automaton tells apart. */
  readonly letters: readonly number[];
  /** The longest legal name, in characters. */
  readonly lengthMax: number;
}

/** A name that can be read in two ways: for each reading the offset after each part. */
export interface AmbiguityWitness {
  readonly name: string;
  readonly readings: readonly [readonly number[], readonly number[]];
}

/** What the search for two readings of one name found out. */
export type AmbiguityProof =
  | { readonly verdict: 'unambiguous' }
  | { readonly verdict: 'ambiguous'; readonly witness: AmbiguityWitness }
  | { readonly verdict: 'too-complex' };

/** What one proof may cost, so that a hostile norm is refused within a second. */
const transitionsMax = 4_000_000;
const pairsMax = 250_000;

/** Two readers of the same letters, and where they are. `parent` leads back to the start. */
interface Pair {
  readonly first: number;
  readonly second: number;
  /** Whether the two have cut at different places already. */
  readonly differ: boolean;
  readonly legal: number;
  readonly letter: number;
  readonly firstCuts: boolean;
  readonly secondCuts: boolean;
  readonly length: number;
  readonly parent: Pair | undefined;
}

const startingPair: Pair = {
  first: 0,
  second: 0,
  differ: false,
  legal: 0,
  letter: 0,
  firstCuts: false,
  secondCuts: false,
  length: 0,
  parent: undefined,
};

/**
 * Decides whether some legal name of at most `lengthMax` characters can be cut into the parts in two ways.
 *
 * Two readers go through all names at once, letter by letter, shortest names first. In a part where a word
 * may end, a reader may go on or cut, which is its only choice; once the two choose differently they have
 * two readings, and the name is ambiguous if both can finish. There are finitely many pairs of places, so
 * the search ends, and finding nothing is a proof. What it finds first is a shortest witness.
 */
export function proveUnambiguous(space: NameSpace): AmbiguityProof {
  const { concatenation, legalNames, letters, lengthMax } = space;
  const visited = new Set<number>();
  const keyOf = (pair: Pair) =>
    ((pair.first * concatenation.stateCount + pair.second) * 2 + Number(pair.differ)) *
      legalNames.stateCount +
    pair.legal;
  const queue = [startingPair];
  let transitions = 0;
  // The queue grows while it is walked: breadth first, so names come in the order of their length.
  for (const pair of queue) {
    if (pair.length >= lengthMax) break;
    for (const letter of letters) {
      const legal = legalNames.next[pair.legal * alphabetSize + letter] ?? -1;
      if (legal < 0) continue;
      for (const successor of successors(concatenation, pair, letter, legal)) {
        transitions++;
        const key = keyOf(successor);
        if (visited.has(key)) continue;
        if (isWitness(space, successor)) {
          return { verdict: 'ambiguous', witness: witnessOf(successor) };
        }
        visited.add(key);
        queue.push(successor);
      }
    }
    if (transitions > transitionsMax || queue.length > pairsMax) return { verdict: 'too-complex' };
  }
  return { verdict: 'unambiguous' };
}

/** Where the two readers can be after one more letter. While they agree, only one order of a difference counts. */
function successors(concatenation: Concatenation, pair: Pair, letter: number, legal: number): Pair[] {
  const found: Pair[] = [];
  for (const firstCuts of [false, true]) {
    const first = step(concatenation, pair.first, letter, firstCuts);
    if (first < 0) continue;
    for (const secondCuts of [false, true]) {
      if (!pair.differ && firstCuts && !secondCuts) continue;
      const second = step(concatenation, pair.second, letter, secondCuts);
      if (second < 0) continue;
      const differ = pair.differ || firstCuts !== secondCuts;
      const length = pair.length + 1;
      found.push({ first, second, differ, legal, letter, firstCuts, secondCuts, length, parent: pair });
    }
  }
  return found;
}

function step({ next, following }: Concatenation, state: number, letter: number, cuts: boolean): number {
  const from = cuts ? (following[state] ?? -1) : state;
  return from < 0 ? -1 : (next[from * alphabetSize + letter] ?? -1);
}

function isWitness({ concatenation, legalNames }: NameSpace, pair: Pair): boolean {
  return (
    pair.differ &&
    concatenation.accepting[pair.first] === 1 &&
    concatenation.accepting[pair.second] === 1 &&
    legalNames.accepting[pair.legal] === 1
  );
}

function witnessOf(end: Pair): AmbiguityWitness {
  let name = '';
  const first = [end.length];
  const second = [end.length];
  for (let pair = end; pair.parent !== undefined; pair = pair.parent) {
    name = String.fromCharCode(pair.letter) + name;
    if (pair.firstCuts) first.unshift(pair.length - 1);
    if (pair.secondCuts) second.unshift(pair.length - 1);
  }
  return { name, readings: [first, second] };
}

/** The shortest legal name of the concatenation with at most `lengthMax` characters, if there is one. */
export function shortestLegalName(space: NameSpace): string | undefined {
  const { concatenation, legalNames, letters, lengthMax } = space;
  const visited = new Set<number>();
  const queue = [{ name: '', state: 0, legal: 0 }];
  for (const { name, state, legal } of queue) {
    if (name !== '' && concatenation.accepting[state] === 1 && legalNames.accepting[legal] === 1) return name;
    if (name.length >= lengthMax) continue;
    for (const letter of letters) {
      const legalNext = legalNames.next[legal * alphabetSize + letter] ?? -1;
      if (legalNext < 0) continue;
      for (const cuts of [false, true]) {
        const target = step(concatenation, state, letter, cuts);
        const key = target * legalNames.stateCount + legalNext;
        if (target < 0 || visited.has(key)) continue;
        visited.add(key);
        queue.push({ name: name + String.fromCharCode(letter), state: target, legal: legalNext });
      }
    }
  }
  return undefined;
}
