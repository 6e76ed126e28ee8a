import { type Code, isCode } from '../errors/codes.js';
import { NomosError } from '../errors/nomos-error.js';

const FIX = ' Fix: ';

/**
 * The message of a v2 `Status`. RocketMQ's status has a number and a text only, so our code leads the text
 * and the fix ends it: a person reads it as it is, and the SDK gets the typed error back.
 */
export function statusText(error: NomosError): string {
  return error.toLine();
}

/** The code at the start of a status message, if one of our servers wrote it. */
export function codeOfStatusText(text: string): Code | undefined {
  const candidate = text.slice(0, Math.max(0, text.indexOf(':')));
  return isCode(candidate) ? candidate : undefined;
}

/** The error that one of our servers told by a status message; undefined for another server's text. */
export function errorOfStatusText(text: string): NomosError | undefined {
  const code = codeOfStatusText(text);
  if (code === undefined) return undefined;
  const rest = text.slice(code.length + 1).trim();
  const fixAt = rest.lastIndexOf(FIX);
  if (fixAt < 0) return new NomosError(code, rest);
  return new NomosError(code, rest.slice(0, fixAt), { fix: rest.slice(fixAt + FIX.length) });
}
