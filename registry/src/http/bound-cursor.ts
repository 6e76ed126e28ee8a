import { createHash } from 'node:crypto';
import { NomosError } from '@nomos/schemas';
import type { Answer, RawCall } from './route.js';

const TAG_CHARACTERS = 11;
/** What may differ between the requests for two pages of one list. */
const PAGE_PARAMETERS = new Set(['cursor', 'limit']);

type Query = Readonly<Record<string, unknown>>;

/** The query with its cursor as the list made it. @throws NomosError REQUEST_INVALID for one of another list. */
export function unbindCursor(route: string, { params, query }: Pick<RawCall, 'params' | 'query'>): unknown {
  const values = Object(query) as Query;
  const { cursor } = values;
  if (typeof cursor !== 'string') return query;
  const tag = tagOf(route, params, values);
  if (cursor.startsWith(`${tag}.`)) return { ...values, cursor: cursor.slice(TAG_CHARACTERS + 1) };
  throw foreignCursor();
}

/** The answer with its cursor bound to the list: its path, parameters and filters. */
export function bindCursor(
  route: string,
  { params, query }: Pick<RawCall, 'params' | 'query'>,
  answer: Answer,
): Answer {
  const { items, next } = Object(answer.body) as { items?: unknown; next?: unknown };
  if (!Array.isArray(items) || typeof next !== 'string') return answer;
  const tag = tagOf(route, params, Object(query) as Query);
  return { ...answer, body: { ...answer.body, next: `${tag}.${next}` } };
}

/** What a cursor that a list did not give out is answered with. */
export function foreignCursor(): NomosError {
  const message = 'The cursor is not one that this list gave out.';
  return new NomosError('REQUEST_INVALID', message, {
    violations: [
      { rule: 'cursor', where: 'query.cursor', message, expected: 'the `next` of the page before' },
    ],
    fix: 'Send the `next` of the page before with the same filters, unchanged, or leave it out.',
  });
}

function tagOf(route: string, params: unknown, query: Query): string {
  const filters = Object.entries(query)
    .filter(([name]) => !PAGE_PARAMETERS.has(name))
    .sort(([one], [other]) => (one < other ? -1 : 1));
  const list = JSON.stringify([route, params, filters]);
  return createHash('sha256').update(list).digest('base64url').slice(0, TAG_CHARACTERS);
}
