import { admitsCharacter, literalAutomaton } from '../patterns/automaton.js';
import { concatenate } from '../patterns/concatenation.js';
import { isSegmentPart, type ShapePart, type Slot, type SlotPlan } from './compiled-shape.js';

/** Lays a template out as slots: it is cut at every character of its fixed text that is no letter or digit. */
export function planSlots(parts: readonly ShapePart[]): SlotPlan {
  const slots: Slot[] = [];
  const separators = new Set<string>();
  let separator = '';
  let pending: ShapePart[] = [];
  const finishSlot = () => {
    if (pending.length === 0) return;
    slots.push(slotOf(separator, pending));
    separator = '';
    pending = [];
  };
  for (const part of parts) {
    if (isSegmentPart(part)) {
      pending.push(part);
      continue;
    }
    for (const run of part.text.match(/[A-Za-z0-9]+|[^A-Za-z0-9]/g) ?? []) {
      if (/[A-Za-z0-9]/.test(run)) {
        pending.push({ text: run, automaton: literalAutomaton(run) });
        continue;
      }
      finishSlot();
      separator += run;
      separators.add(run);
    }
  }
  finishSlot();
  return { slots, ending: separator, separators };
}

function slotOf(separator: string, parts: readonly ShapePart[]): Slot {
  return {
    separator,
    parts,
    language: concatenate(parts.map((part) => part.automaton)),
    admitsSeparators: parts.some((part) => admitsCharacter(part.automaton, isPunctuation)),
  };
}

function isPunctuation(code: number): boolean {
  return !/[A-Za-z0-9]/.test(String.fromCharCode(code));
}
