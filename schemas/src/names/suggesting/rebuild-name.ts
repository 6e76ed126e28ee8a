import type { WordAlignment } from '../judging/align-words.js';
import type { NameContext } from '../name-context.js';
import { acceptsText } from '../patterns/automaton.js';
import { splitText } from '../patterns/concatenation.js';
import {
  type CompiledRules,
  type CompiledShape,
  isFreeSlot,
  isSegmentPart,
  ownerPart,
  type SegmentPart,
  type Slot,
  type SlotPlan,
} from '../shapes/compiled-shape.js';
import { nearestWord } from './edit-distance.js';

/** How many letters a word may be away from a registered one to be taken for it. */
const typosMax = 2;

/** Everything that a suggestion depends on. */
export interface SuggestionRequest {
  readonly shape: CompiledShape;
  readonly rules: CompiledRules;
  readonly name: string;
  readonly context: NameContext;
}

/**
 * A name from words in slots, each word corrected and put between the right separators. Undefined if a slot
 * can neither be filled from its word nor from what is known. The result may still break a rule.
 */
export function rebuildName(
  request: SuggestionRequest,
  plan: SlotPlan,
  text: string,
  { alignments }: WordAlignment,
): string | undefined {
  let name = '';
  let extra = '';
  let previous: { readonly slot: Slot; words: string } | undefined;
  const finishPrevious = (): boolean => {
    if (previous === undefined) return true;
    const corrected = correctSlot(request, previous.slot, previous.words);
    if (corrected !== undefined) name += previous.slot.separator + corrected;
    return corrected !== undefined;
  };
  for (const alignment of alignments) {
    if (alignment.type === 'extra') {
      // A word too many joins a neighbour that teams word freely; between fixed ones it is dropped.
      const word = text.slice(alignment.range.start, alignment.range.end);
      if (previous !== undefined && isFreeSlot(previous.slot)) previous.words += word;
      else extra += word;
      continue;
    }
    if (!finishPrevious()) return undefined;
    const word = alignment.type === 'placed' ? text.slice(alignment.range.start, alignment.range.end) : '';
    const isJoined = extra !== '' && isFreeSlot(alignment.slot);
    previous = { slot: alignment.slot, words: isJoined ? extra + word : word };
    extra = '';
  }
  return finishPrevious() ? name + plan.ending : undefined;
}

function correctSlot(request: SuggestionRequest, slot: Slot, words: string): string | undefined {
  const segments = slot.parts.filter(isSegmentPart);
  if (slot.parts.length > 1 && words !== '') {
    const fitting = spellingsOf(words).find((spelling) => splitText(slot.language, spelling) !== undefined);
    if (fitting !== undefined) return fitting;
  }
  // Two segments without a separator between them cannot be told apart in a word that does not fit.
  if (segments.length > 1) return undefined;
  let corrected = '';
  for (const part of slot.parts) {
    const value = isSegmentPart(part) ? correctSegment(request, part, words) : part.text;
    if (value === undefined) return undefined;
    corrected += value;
  }
  return corrected;
}

function correctSegment(request: SuggestionRequest, part: SegmentPart, word: string): string | undefined {
  const { shape, rules, context } = request;
  const fitting = spellingsOf(word).find((spelling) => acceptsText(part.automaton, spelling));
  if (!('from' in part.definition)) return fitting;
  const { from } = part.definition;
  const isOwner = part === ownerPart(shape) && rules.groupBelongsToApplication !== 'off';
  if (isOwner && context.application !== undefined) return context.application;
  const vocabulary = context.vocabularies?.[from];
  if (word === '') return onlyWord(vocabulary) ?? (from === 'applications' ? context.application : undefined);
  if (vocabulary === undefined) return fitting;
  const meant = word.toLowerCase();
  // Most words are right, and comparing each with a whole vocabulary would be what costs most.
  if (vocabulary.has(meant)) return meant;
  // Half of a short word changed would be another word.
  return nearestWord(meant, vocabulary, Math.min(typosMax, Math.floor(meant.length / 2)));
}

/** The word of a vocabulary that has a single one. */
function onlyWord(vocabulary: ReadonlySet<string> = new Set()): string | undefined {
  const [first] = vocabulary;
  return vocabulary.size === 1 ? first : undefined;
}

/** A word as it is, in lower and upper case, with and without its punctuation. */
function spellingsOf(word: string): string[] {
  const bare = word.replace(/[^A-Za-z0-9]/g, '');
  return [word, word.toLowerCase(), bare, bare.toLowerCase(), word.toUpperCase(), bare.toUpperCase()];
}
