import { type Automaton, alphabetSize } from './automaton.js';

/**
 * A sequence of automata read one after the other, as a template is: a word belongs to it if it can be cut
 * into one non-empty part for each automaton. The only choice while reading is where to cut.
 */
export interface Concatenation {
  readonly partCount: number;
  /** States of all parts, numbered through; state 0 is the start. */
  readonly stateCount: number;
  /** The next state within the same part at `state * alphabetSize + character code`, or -1. */
  readonly next: Int16Array;
  /** For a state in which its part may end, the first state of the following part; otherwise -1. */
  readonly following: Int16Array;
  /** 1 where the whole word may end. */
  readonly accepting: Uint8Array;
}

/** Joins automata; none of them may accept the empty word. */
export function concatenate(parts: readonly Automaton[]): Concatenation {
  const stateCount = parts.reduce((sum, part) => sum + part.stateCount, 0);
  const next = new Int16Array(stateCount * alphabetSize).fill(-1);
  const following = new Int16Array(stateCount).fill(-1);
  const accepting = new Uint8Array(stateCount);
  let offset = 0;
  for (const [index, part] of parts.entries()) {
    const end = offset + part.stateCount;
    for (const [position, target] of part.next.entries()) {
      if (target >= 0) next[offset * alphabetSize + position] = target + offset;
    }
    for (const [state, isAccepting] of part.accepting.entries()) {
      if (isAccepting === 0) continue;
      if (index === parts.length - 1) accepting[offset + state] = 1;
      else following[offset + state] = end;
    }
    offset = end;
  }
  return { partCount: parts.length, stateCount, next, following, accepting };
}

/** A cut before the character at `at`, and the cuts before it. */
interface Cut {
  readonly at: number;
  readonly earlier: Cut | undefined;
}

/**
 * Cuts a text into the parts of the concatenation: the offset after each part, or undefined if the text does
 * not belong to it. Linear in the text's length.
 */
export function splitText(concatenation: Concatenation, text: string): number[] | undefined {
  const { next, following, accepting } = concatenation;
  let state = 0;
  let lastCut: Cut | undefined;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code >= alphabetSize) return undefined;
    const first = following[state] ?? -1;
    const afterCut = first < 0 ? -1 : (next[first * alphabetSize + code] ?? -1);
    const within = next[state * alphabetSize + code] ?? -1;
    if (within >= 0 && afterCut >= 0) return splitWithChoices(concatenation, text);
    if (within < 0 && afterCut < 0) return undefined;
    if (afterCut >= 0) lastCut = { at, earlier: lastCut };
    state = within >= 0 ? within : afterCut;
  }
  return accepting[state] === 1 ? offsetsOf(lastCut, text.length) : undefined;
}

/**
 * The same where a letter may both continue a part and begin the next one, as with `v{major}{minor}`: all
 * possible states are followed at once, each one once per letter. Where two ways lead to one state the first
 * is kept; in a proven norm only one of them reaches the end.
 */
function splitWithChoices(concatenation: Concatenation, text: string): number[] | undefined {
  const { next, following, accepting } = concatenation;
  let states = new Map<number, Cut | undefined>([[0, undefined]]);
  for (let at = 0; at < text.length && states.size > 0; at++) {
    const code = text.charCodeAt(at);
    if (code >= alphabetSize) return undefined;
    const reached = new Map<number, Cut | undefined>();
    const enter = (from: number, cut: Cut | undefined) => {
      const target = from < 0 ? -1 : (next[from * alphabetSize + code] ?? -1);
      if (target >= 0 && !reached.has(target)) reached.set(target, cut);
    };
    for (const [state, cut] of states) {
      enter(state, cut);
      enter(following[state] ?? -1, { at, earlier: cut });
    }
    states = reached;
  }
  for (const [state, cut] of states) if (accepting[state] === 1) return offsetsOf(cut, text.length);
  return undefined;
}

function offsetsOf(lastCut: Cut | undefined, length: number): number[] {
  const offsets = [length];
  for (let cut = lastCut; cut !== undefined; cut = cut.earlier) offsets.push(cut.at);
  return offsets.reverse();
}
