import { quoteText } from './judging/quote-text.js';
import type { Norm } from './norm.js';
import type { NormFault } from './norm-fault.js';
import { type Automaton, alphabetSize } from './patterns/automaton.js';
import { compilePattern } from './patterns/compile-pattern.js';
import { compileSegment } from './shapes/compile-segment.js';
import { parseTemplate } from './shapes/template.js';

/**
 * What a norm says in vain: a segment that no template uses, and a forbidden word that no legal name can hold.
 * Such a line mostly is a mistake, and whoever reads the norm believes that it protects something.
 *
 * The word "test" is never reported where some segment admits "test", "Test" or "a-test"; a pattern that cannot
 * be compiled is left to `compileNorm`.
 */
export function findDeadRules(norm: Norm): NormFault[] {
  const used = usedSegments(norm);
  const unused = Object.keys(norm.segments).filter((name) => !used.has(name));
  return [
    ...unused.map((name) => deadFault(`/segments/${name}`, `no template uses the segment {${name}}`)),
    ...deadWords(norm, used),
  ];
}

function usedSegments(norm: Norm): ReadonlySet<string> {
  const templates = Object.values(norm.names).flatMap((shape) =>
    'template' in shape ? [parseTemplate(shape.template)] : [],
  );
  const elements = templates.flatMap((template) => (template.ok ? template.elements : []));
  return new Set(elements.flatMap((element) => ('segment' in element ? [element.segment] : [])));
}

function deadWords(norm: Norm, used: ReadonlySet<string>): NormFault[] {
  const rule = norm.rules['no-forbidden-word'];
  if (rule === undefined || rule.level === 'off') return [];
  const where = '/rules/no-forbidden-word/words';
  if (rule.words.length === 0) return [deadFault(where, 'the list of forbidden words is empty')];
  const automata = wordings(norm, used);
  // One that cannot be compiled might hold any word, so nothing can be said.
  if (automata === undefined) return [];
  return rule.words.flatMap((word, index): NormFault[] => {
    const pointer = `${where}/${index}`;
    if (rule.words.indexOf(word) < index)
      return [deadFault(pointer, `${quoteText(word)} is in the list twice`)];
    if (automata.some((automaton) => canHoldWord(automaton, word))) return [];
    return [deadFault(pointer, `no legal name can hold the word ${quoteText(word)}`)];
  });
}

/** Everything that teams word themselves: segments in use, and kinds with one pattern for the whole name. */
function wordings(norm: Norm, used: ReadonlySet<string>): Automaton[] | undefined {
  const segments = [...used].flatMap((name) => {
    const definition = Object.hasOwn(norm.segments, name) ? norm.segments[name] : undefined;
    return definition === undefined ? [] : [compileSegment(name, definition)];
  });
  const patterns = Object.values(norm.names).flatMap((shape) =>
    'match' in shape ? [compilePattern(shape.match)] : [],
  );
  const automata: Automaton[] = [];
  for (const result of segments) {
    if (!result.ok) return undefined;
    automata.push(result.segment.automaton);
  }
  for (const result of patterns) {
    if (!result.ok) return undefined;
    automata.push(result.automaton);
  }
  return automata;
}

/**
 * Whether some text of the automaton may hold the word as findForbiddenWords sees words: from the start, after
 * punctuation or with a capital, until the end, punctuation or a capital, with any digits before that.
 */
function canHoldWord(automaton: Automaton, word: string): boolean {
  let states = new Set<number>();
  const capital = word.charAt(0).toUpperCase();
  // A capital begins a word wherever it stands; a digit has none.
  for (let state = 0; capital !== word.charAt(0) && state < automaton.stateCount; state++) {
    enter(automaton, state, capital, states);
  }
  for (const state of wordStarts(automaton)) enter(automaton, state, word.charAt(0), states);
  for (const character of word.slice(1)) {
    const next = new Set<number>();
    for (const state of states) {
      enter(automaton, state, character, next);
      enter(automaton, state, character.toUpperCase(), next);
    }
    states = next;
  }
  const waiting = [...states];
  for (let state = waiting.pop(); state !== undefined; state = waiting.pop()) {
    if (automaton.accepting[state] === 1 || endsWord(automaton, state)) return true;
    for (const digit of '0123456789') {
      const target = targetOf(automaton, state, digit);
      if (target < 0 || states.has(target)) continue;
      states.add(target);
      waiting.push(target);
    }
  }
  return false;
}

function wordStarts(automaton: Automaton): ReadonlySet<number> {
  const starts = new Set([0]);
  for (const [position, target] of automaton.next.entries()) {
    const character = String.fromCharCode(position % alphabetSize);
    if (target >= 0 && /[^A-Za-z0-9]/.test(character)) starts.add(target);
  }
  return starts;
}

function endsWord({ next }: Automaton, state: number): boolean {
  return next
    .subarray(state * alphabetSize, (state + 1) * alphabetSize)
    .some((target, code) => target >= 0 && /[^a-z0-9]/.test(String.fromCharCode(code)));
}

function enter(automaton: Automaton, state: number, character: string, states: Set<number>): void {
  const target = targetOf(automaton, state, character);
  if (target >= 0) states.add(target);
}

function targetOf({ next }: Automaton, state: number, character: string): number {
  return next[state * alphabetSize + character.charCodeAt(0)] ?? -1;
}

function deadFault(where: string, problem: string): NormFault {
  return {
    rule: 'norm-dead-rule',
    message: `${where}: ${problem}, so this has no effect.`,
    where,
    expected: 'leave it out, or correct what should use it',
  };
}
