/**
 * The form of every word of a closed vocabulary: a domain's or an application's code, 2 to 24 characters.
 * A norm is proven with this form, so that the proof holds whatever words are registered later.
 */
export const codePattern = '[a-z][a-z0-9]{1,23}';

/** `codePattern` for a whole text. It has no nested repeats, so every engine matches it in linear time. */
export const codeRegExp: RegExp = new RegExp(`^${codePattern}$`);
