/** Character codes that an automaton knows: ASCII. A name with any other character matches nothing. */
export const alphabetSize = 128;

/** The visible ASCII characters: names are made of these only, whatever a pattern would admit. */
export const visibleAscii: readonly number[] = Array.from({ length: 0x7e - 0x21 + 1 }, (_, i) => 0x21 + i);

/**
 * A set of words as a deterministic finite automaton over visible ASCII, so that matching takes one table
 * look-up per character. State 0 is the start. From every state some accepting state can be reached.
 */
export interface Automaton {
  readonly stateCount: number;
  /** The next state at `state * alphabetSize + character code`, or -1 where there is none. */
  readonly next: Int16Array;
  /** 1 where a word may end. */
  readonly accepting: Uint8Array;
}

/** The automaton of exactly one text, which must be of visible ASCII. */
export function literalAutomaton(text: string): Automaton {
  const stateCount = text.length + 1;
  const next = new Int16Array(stateCount * alphabetSize).fill(-1);
  for (let state = 0; state < text.length; state++) {
    next[state * alphabetSize + text.charCodeAt(state)] = state + 1;
  }
  const accepting = new Uint8Array(stateCount);
  accepting[text.length] = 1;
  return { stateCount, next, accepting };
}

/** Tells whether some word of the automaton's set contains one of these characters. */
export function admitsCharacter(automaton: Automaton, isWanted: (code: number) => boolean): boolean {
  return automaton.next.some((target, index) => target >= 0 && isWanted(index % alphabetSize));
}

/** Tells whether a text is one of the automaton's words. */
export function acceptsText({ next, accepting }: Automaton, text: string): boolean {
  let state = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code >= alphabetSize) return false;
    state = next[state * alphabetSize + code] ?? -1;
    if (state < 0) return false;
  }
  return accepting[state] === 1;
}
