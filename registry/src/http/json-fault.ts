/** Longer texts are not searched for their fault: each step of the search parses half of the rest again. */
const SEARCHED_CHARACTERS_MAX = 64 * 1024;

/** Where a text stops being JSON, as an offset; undefined when it is too long to look. */
export function findJsonFault(text: string): number | undefined {
  if (text.length > SEARCHED_CHARACTERS_MAX) return undefined;
  let good = 0;
  let bad = text.length + 1;
  while (bad - good > 1) {
    const middle = Math.floor((good + bad) / 2);
    if (isBeginningOfJson(text.slice(0, middle))) good = middle;
    else bad = middle;
  }
  return good;
}

/** Whether nothing is wrong with a text but that it may go on. */
function isBeginningOfJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch (error) {
    const message = error instanceof Error ? error.message : '';
    const [, at] = /at position (\d{1,9})/.exec(message) ?? [];
    return /end of JSON input|^Unterminated/.test(message) || (at !== undefined && Number(at) >= text.length);
  }
}
