import type { RequestFields } from './request-fields.js';

/**
 * The part of a list that a request asks for, as RocketMQ does from 5.4 on: from the entry at a position, so many
 * at most. All of it where nothing is said.
 */
export function pageOf<Entry>(
  entries: readonly Entry[],
  fields: RequestFields,
  positionField: string,
  countField: string,
): readonly Entry[] {
  const position = Math.max(fields.integer(positionField, 0), 0);
  const count = Math.max(fields.integer(countField, entries.length), 0);
  return entries.slice(position, position + count);
}
