import { isRocketmqCharacter } from '../rocketmq-name.js';
import { type RocketmqNameKind, reservedPrefixes, reservedWords } from '../rocketmq-reserved.js';
import { type Automaton, alphabetSize, visibleAscii } from './automaton.js';

/**
 * All names of one kind that RocketMQ allows, apart from their length: a tree of the reserved names, which
 * any other word leaves for one state in which every legal character is allowed.
 */
export function legalNameAutomaton(kind: RocketmqNameKind): Automaton {
  const words = [...reservedWords[kind]];
  const prefixes = reservedPrefixes[kind];
  const nodes = new Set(['']);
  for (const text of [...words, ...prefixes]) {
    for (let length = 1; length <= text.length; length++) nodes.add(text.slice(0, length));
  }
  const kept = [...nodes].filter((text) => !prefixes.some((prefix) => text.startsWith(prefix)));
  const numbers = new Map(kept.map((text, index) => [text, index]));
  const free = kept.length;
  const next = new Int16Array((free + 1) * alphabetSize).fill(-1);
  for (const code of visibleAscii.filter((candidate) => isRocketmqCharacter(kind, candidate))) {
    const character = String.fromCharCode(code);
    for (const [text, state] of numbers) {
      const longer = text + character;
      const isReserved = nodes.has(longer) && !numbers.has(longer);
      next[state * alphabetSize + code] = isReserved ? -1 : (numbers.get(longer) ?? free);
    }
    next[free * alphabetSize + code] = free;
  }
  const accepting = new Uint8Array(free + 1).fill(1);
  accepting[0] = 0;
  for (const word of words) {
    const state = numbers.get(word);
    if (state !== undefined) accepting[state] = 0;
  }
  return { stateCount: free + 1, next, accepting };
}
