const charactersShownMax = 80;

/** What most names consist of, and needs no escape. */
const plainText = /^[A-Za-z0-9 _.%-]{0,80}$/;

/**
 * A text that somebody else chose, in double quotes, fit for a message: shortened, and escaped so that it can
 * neither forge a log line nor turn the reading direction. Visible ASCII and letters without case, such as
 * Chinese, stay as they are; letters that look like Latin ones show their code point.
 */
export function quoteText(text: string): string {
  if (plainText.test(text)) return `"${text}"`;
  const quoted = JSON.stringify(text.slice(0, charactersShownMax)).replace(
    /[^ -~\p{Lo}]/gu,
    (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  );
  return text.length > charactersShownMax ? `${quoted.slice(0, -1)}…"` : quoted;
}
