/** Up to this length the engine's own search, which may look at each place as often, is bounded well enough. */
const SHORT_CHARACTERS = 16;

/**
 * Tells whether `part` occurs in `text`, in time linear in both (Knuth, Morris, Pratt 1977). `String.includes` takes
 * the product of the lengths for texts that are made for it, which a filter and a property of 16 KiB could be.
 */
export function containsText(text: string, part: string): boolean {
  if (part.length <= SHORT_CHARACTERS || text.length < part.length) return text.includes(part);
  const borders = bordersOf(part);
  let matched = 0;
  for (let index = 0; index < text.length; index++) {
    matched = extend(part, borders, matched, text.charCodeAt(index));
    if (matched === part.length) return true;
  }
  return false;
}

/** For each beginning of the text, by its length: how long its longest border is, a true beginning that ends it. */
function bordersOf(part: string): Uint16Array {
  const borders = new Uint16Array(part.length + 1);
  let border = 0;
  for (let index = 1; index < part.length; index++) {
    border = extend(part, borders, border, part.charCodeAt(index));
    borders[index + 1] = border;
  }
  return borders;
}

/** How much of `part` is matched after one more character. */
function extend(part: string, borders: Uint16Array, matched: number, unit: number): number {
  let length = matched;
  while (length > 0 && part.charCodeAt(length) !== unit) length = borders[length] ?? 0;
  return part.charCodeAt(length) === unit ? length + 1 : 0;
}
