import { RE2JS } from 're2js';
import { limits } from '../limits.js';

/** Instructions of RE2's program for one pattern; matching takes at most this many steps a character. */
const programSizeMax = 1_000;

/** A pattern found anywhere in a text, in time that is linear in the text. */
export interface PayloadPattern {
  test(text: string): boolean;
}

/** A pattern of a payload's schema, or why it cannot be used. */
export type ReadPayloadPattern =
  | { readonly ok: true; readonly pattern: PayloadPattern }
  | { readonly ok: false; readonly problem: string };

/**
 * Reads a pattern by RE2, which never backtracks, and makes sure that ECMAScript reads it as well, since other
 * tools judge payloads by the same schema. What RE2 does not have (look-around, back-references) is refused.
 */
export function readPayloadPattern(source: string): ReadPayloadPattern {
  if (source.length > limits.schemaPatternCharacters) {
    return { ok: false, problem: `is longer than ${limits.schemaPatternCharacters} characters` };
  }
  try {
    new RegExp(source, 'u');
    // ECMAScript writes \uXXXX where RE2 writes \x{XXXX}.
    const compiled = RE2JS.compile(RE2JS.translateRegExp(source));
    if (compiled.programSize() > programSizeMax) {
      return { ok: false, problem: 'needs too many steps; repeat less' };
    }
    return { ok: true, pattern: { test: (text) => compiled.matcher(text).find() } };
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    return { ok: false, problem: `is not in the syntax that RE2 and ECMAScript share (${reason})` };
  }
}
