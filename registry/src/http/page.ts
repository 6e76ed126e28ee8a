import { z } from 'zod';
import { foreignCursor } from './bound-cursor.js';
import { findUnstorable } from './request-violations.js';

/**
 * What a cursor holds: the key of the last entry of its page, so that entries which come or go meanwhile neither
 * repeat nor hide others. It is opaque to clients, and bound to its list by bound-cursor.ts.
 */
const cursorSchema = z.array(z.string().max(255));

/** The number that a cursor stands for. @throws NomosError REQUEST_INVALID when we did not make it. */
export function readNumberCursor(cursor: string | undefined): number | undefined {
  const [text] = readCursor(cursor, 1) ?? [];
  if (text === undefined) return undefined;
  if (/^[0-9]{1,15}$/.test(text)) return Number(text);
  throw foreignCursor();
}

/**
 * The key that a cursor stands for.
 *
 * @param isOurs whether the list can have given it out, where the number of parts does not tell.
 * @throws NomosError REQUEST_INVALID when we did not make it.
 */
export function readCursor(
  cursor: string | undefined,
  parts: number,
  isOurs: (key: readonly string[]) => boolean = () => true,
): readonly string[] | undefined {
  if (cursor === undefined) return undefined;
  try {
    const key = cursorSchema
      .length(parts)
      .parse(JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8')));
    if (findUnstorable(key, '').length === 0 && isOurs(key)) return key;
  } catch {
    // Whatever is wrong with it, the answer is the same.
  }
  throw foreignCursor();
}

/** What lists that begin with the newest go on before. @throws NomosError REQUEST_INVALID when we did not make it. */
export function readTimeCursor(cursor: string | undefined): { createdAt: Date; id: string } | undefined {
  const [createdAt, id] = readCursor(cursor, 2, ([time = '']) => isTimestamp(time)) ?? [];
  if (createdAt === undefined || id === undefined) return undefined;
  return { createdAt: new Date(createdAt), id };
}

/** Whether it is a time as we write it, and one that Postgres can compare with: it knows no year 0. */
function isTimestamp(text: string): boolean {
  const isPlain = /^[0-9]{4}-/.test(text) && !text.startsWith('0000');
  return isPlain && !Number.isNaN(Date.parse(text)) && new Date(text).toISOString() === text;
}

/** A page from one entry more than fits, which tells whether there is a next page. */
export function toPage<Entry>(
  entries: readonly Entry[],
  limit: number,
  keyOf: (entry: Entry) => readonly string[],
) {
  const items = entries.slice(0, limit);
  const last = items.at(-1);
  if (entries.length <= limit || last === undefined) return { items };
  return { items, next: Buffer.from(JSON.stringify(keyOf(last))).toString('base64url') };
}
