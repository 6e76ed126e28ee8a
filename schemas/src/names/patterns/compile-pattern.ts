import { visitRegExpAST } from '@eslint-community/regexpp';
import { RE2JS } from 're2js';
import { DFA, JS, NFA, type ReadonlyDFA, TooManyNodesError } from 'refa';
import { limits } from '../../limits.js';
import { type Automaton, alphabetSize, visibleAscii } from './automaton.js';

/** States that one pattern may need. A word of 24 characters needs 25, a name of 255 any characters 256. */
const patternStatesMax = 512;

/** The automaton of a pattern, or why the pattern cannot be used. */
export type CompiledPattern =
  | { readonly ok: true; readonly automaton: Automaton }
  | { readonly ok: false; readonly problem: string };

/**
 * Turns a pattern into an automaton that matches whole texts in linear time.
 *
 * A pattern is accepted if RE2 and ECMAScript (with the `u` flag) both read it. Over visible ASCII they give
 * it the same meaning, so that tools in any language agree with this one. The automaton is the only engine:
 * what is proven about a norm and what matches names are the same table.
 */
export function compilePattern(source: string): CompiledPattern {
  if (source.length > limits.normPatternCharacters) {
    return refuse(`is longer than ${limits.normPatternCharacters} characters`);
  }
  let states: ReadonlyDFA;
  try {
    const parser = JS.Parser.fromLiteral({ source, flags: 'u' });
    const foreign = constructUnknownToNorms(parser);
    if (foreign !== undefined) return refuse(foreign);
    states = determinize(parser);
    RE2JS.compile(source);
  } catch (thrown) {
    if (thrown instanceof TooManyNodesError) {
      return refuse(`needs more than ${patternStatesMax} states; repeat less`);
    }
    return refuse(`is not in the syntax that RE2 and ECMAScript share (${messageOf(thrown)})`);
  }
  return toAutomaton(states);
}

function refuse(problem: string): CompiledPattern {
  return { ok: false, problem };
}

function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

function constructUnknownToNorms(parser: JS.Parser): string | undefined {
  let problem: string | undefined;
  visitRegExpAST(parser.ast.pattern, {
    onAssertionEnter() {
      problem = 'holds ^, $, \\b or a look-around; a pattern always matches the whole text, leave them out';
    },
    onBackreferenceEnter() {
      problem = 'holds a back-reference, which RE2 does not have';
    },
  });
  return problem;
}

function determinize(parser: JS.Parser): ReadonlyDFA {
  const { expression, maxCharacter } = parser.parse({ assertions: 'throw', maxNodes: 10 * patternStatesMax });
  // The library makes each repeated state twice on the way, so the intermediate automaton may have twice as many.
  const nfa = NFA.fromRegex(
    expression,
    { maxCharacter },
    {},
    new NFA.LimitedNodeFactory(2 * patternStatesMax),
  );
  const dfa = DFA.fromFA(nfa, new DFA.LimitedNodeFactory(patternStatesMax));
  dfa.minimize();
  return dfa;
}

/** Keeps the transitions on visible ASCII, and only the states that lie on a way to an accepting one. */
function toAutomaton(dfa: ReadonlyDFA): CompiledPattern {
  if (dfa.finals.has(dfa.initial)) return refuse('matches the empty text');
  const { reached, transitions } = explore(dfa);
  const productive = productiveNodes(dfa, transitions);
  if (!productive.has(dfa.initial)) return refuse('matches no text of visible ASCII characters');
  const numbers = new Map<DFA.ReadonlyNode, number>();
  for (const node of reached) if (productive.has(node)) numbers.set(node, numbers.size);
  const next = new Int16Array(numbers.size * alphabetSize).fill(-1);
  const accepting = new Uint8Array(numbers.size);
  for (const { from, code, to } of transitions) {
    const source = numbers.get(from);
    const target = numbers.get(to);
    if (source !== undefined && target !== undefined) next[source * alphabetSize + code] = target;
  }
  for (const [node, number] of numbers) if (dfa.finals.has(node)) accepting[number] = 1;
  return { ok: true, automaton: { stateCount: numbers.size, next, accepting } };
}

interface Transition {
  readonly from: DFA.ReadonlyNode;
  readonly code: number;
  readonly to: DFA.ReadonlyNode;
}

/** Nodes in the order of discovery, the initial one first, and the transitions between them. */
function explore(dfa: ReadonlyDFA): { reached: Set<DFA.ReadonlyNode>; transitions: Transition[] } {
  const reached = new Set([dfa.initial]);
  const transitions: Transition[] = [];
  for (const from of reached) {
    for (const code of visibleAscii) {
      const to = from.out.get(code);
      if (to === undefined) continue;
      transitions.push({ from, code, to });
      reached.add(to);
    }
  }
  return { reached, transitions };
}

function productiveNodes(dfa: ReadonlyDFA, transitions: readonly Transition[]): Set<DFA.ReadonlyNode> {
  const sources = new Map<DFA.ReadonlyNode, Set<DFA.ReadonlyNode>>();
  for (const { from, to } of transitions) {
    const known = sources.get(to);
    if (known === undefined) sources.set(to, new Set([from]));
    else known.add(from);
  }
  const productive = new Set<DFA.ReadonlyNode>(dfa.finals);
  for (const node of productive) for (const source of sources.get(node) ?? []) productive.add(source);
  return productive;
}
