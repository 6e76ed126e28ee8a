import type { Vocabularies } from '../name-context.js';
import { acceptsText } from '../patterns/automaton.js';
import { splitText } from '../patterns/concatenation.js';
import { isFreeSlot, isSegmentPart, type Slot, type SlotPlan } from '../shapes/compiled-shape.js';
import { isForbidden } from './forbidden-words.js';
import { segmentFault } from './segment-fault.js';
import type { TextRange } from './text-range.js';

/** What became of one slot of the template or of one word of the name, in the order of the name. */
export type Alignment =
  | { readonly type: 'placed'; readonly slot: Slot; readonly range: TextRange }
  | { readonly type: 'missing'; readonly slot: Slot }
  | { readonly type: 'extra'; readonly range: TextRange };

/** The cheapest way to lay the words of a name into the slots of a template. */
export interface WordAlignment {
  readonly alignments: readonly Alignment[];
  /** 0 if every word fits its slot. */
  readonly cost: number;
}

/** What is known about good and bad words. */
export interface WordKnowledge {
  readonly vocabularies: Vocabularies | undefined;
  readonly forbiddenWords: ReadonlySet<string>;
}

/** Words of a text, to be laid into the slots of a template. */
export interface AlignmentRequest extends WordKnowledge {
  readonly plan: SlotPlan;
  readonly text: string;
  readonly words: readonly TextRange[];
}

const costs = {
  near: 1,
  wrong: 4,
  missing: 6,
  extra: 6,
  extraBetweenFreeSegments: 5,
  extraForbidden: 3,
} as const;

/** Words beyond twice the slots and these are not aligned: such a name has nothing to do with the template. */
const surplusWordsMax = 16;

/** Words that one slot may take together, where its segment allows separators. */
const wordsPerSlotMax = 6;

interface Cell {
  readonly cost: number;
  readonly wordsTaken: number;
  readonly alignment: Alignment | undefined;
  readonly previous: Cell | undefined;
}

/**
 * Lays words into slots so that as little as possible is wrong, missing or too much, by dynamic programming
 * over slots × words. Undefined if there are far too many words.
 */
export function alignWords(request: AlignmentRequest): WordAlignment | undefined {
  const { plan, text, words, vocabularies } = request;
  if (words.length > 2 * plan.slots.length + surplusWordsMax) return undefined;
  const start: Cell = { cost: 0, wordsTaken: 0, alignment: undefined, previous: undefined };
  let row = skipWords(request, new Map([[0, start]]), 0);
  for (const [index, slot] of plan.slots.entries()) {
    const nextRow = new Map<number, Cell>();
    for (const cell of row.values()) {
      for (let count = 1; count <= (slot.admitsSeparators ? wordsPerSlotMax : 1); count++) {
        const first = words[cell.wordsTaken];
        const last = words[cell.wordsTaken + count - 1];
        if (first === undefined || last === undefined) break;
        const range = { start: first.start, end: last.end };
        const cost = misfitCost(slot, text.slice(range.start, range.end), vocabularies);
        if (count > 1 && cost > 0) continue;
        extend(nextRow, cell, { type: 'placed', slot, range }, cost, count);
      }
      extend(nextRow, cell, { type: 'missing', slot }, costs.missing, 0);
    }
    row = skipWords(request, nextRow, index + 1);
  }
  const end = row.get(words.length);
  return end === undefined ? undefined : { alignments: trace(end), cost: end.cost };
}

/** Adds, for every word reached, the possibility that the following words belong to no slot. */
function skipWords(
  { plan, text, words, forbiddenWords }: AlignmentRequest,
  row: Map<number, Cell>,
  slotsTaken: number,
): Map<number, Cell> {
  const neighbours = plan.slots.slice(Math.max(0, slotsTaken - 1), slotsTaken + 1);
  // Between two segments that teams word freely is where a word too many is most likely.
  const cost =
    neighbours.length === 2 && neighbours.every(isFreeSlot) ? costs.extraBetweenFreeSegments : costs.extra;
  for (const [index, range] of words.entries()) {
    const cell = row.get(index);
    if (cell === undefined) continue;
    const isUnwanted = isForbidden(text.slice(range.start, range.end).toLowerCase(), forbiddenWords);
    extend(row, cell, { type: 'extra', range }, isUnwanted ? costs.extraForbidden : cost, 1);
  }
  return row;
}

function extend(row: Map<number, Cell>, from: Cell, alignment: Alignment, cost: number, words: number): void {
  const cell: Cell = {
    cost: from.cost + cost,
    wordsTaken: from.wordsTaken + words,
    alignment,
    previous: from,
  };
  const known = row.get(cell.wordsTaken);
  if (known === undefined || cell.cost < known.cost) row.set(cell.wordsTaken, cell);
}

function misfitCost(slot: Slot, text: string, vocabularies: Vocabularies | undefined): number {
  const [part] = slot.parts;
  if (part === undefined || slot.parts.length > 1) {
    return splitText(slot.language, text) === undefined ? costs.wrong : 0;
  }
  if (isSegmentPart(part)) {
    const fault = segmentFault(part, text, vocabularies);
    if (fault === undefined) return 0;
    const isNear = fault.rule === 'segment-vocabulary' || acceptsText(part.automaton, text.toLowerCase());
    return isNear ? costs.near : costs.wrong;
  }
  if (text === part.text) return 0;
  return text.toLowerCase() === part.text.toLowerCase() ? costs.near : costs.wrong;
}

function trace(end: Cell): Alignment[] {
  const alignments: Alignment[] = [];
  for (let cell: Cell | undefined = end; cell?.alignment !== undefined; cell = cell.previous) {
    alignments.unshift(cell.alignment);
  }
  return alignments;
}
