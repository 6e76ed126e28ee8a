import {
  pageSchema,
  queueAdviceQuerySchema,
  queueAdviceSchema,
  type SearchResult,
  searchKinds,
  searchMatches,
  searchQuerySchema,
  searchResultSchema,
} from '@nomos/schemas';
import { adviseQueues } from '../../domain/catalog/queue-advice.js';
import { searchCatalog } from '../../domain/search/search-catalog.js';
import type { SearchPlace } from '../../domain/search/search-repository.js';
import { readCursor, toPage } from '../page.js';
import { defineRoute, type Route } from '../route.js';

/** Finding what is there, and advice for what is to be. */
export const searchRoutes: readonly Route[] = [
  defineRoute({
    method: 'get',
    path: '/v1/search',
    id: 'search',
    summary: 'Search names, descriptions and labels; the best matches come first',
    tag: 'search',
    permission: 'search.read',
    request: { query: searchQuerySchema },
    answers: { 200: { description: 'A page of results', schema: pageSchema(searchResultSchema) } },
    example: { query: { q: 'transfer', kinds: 'topics', owner: 'payments' } },
    handle: async ({ query: { q, limit, cursor, kinds, owner, environment, includeRetired } }, services) => {
      const after = readPlace(cursor);
      const results = await searchCatalog(
        {
          ...{ text: q, includeRetired, limit: limit + 1 },
          ...(kinds === undefined ? {} : { kinds }),
          ...(owner === undefined ? {} : { owner }),
          ...(environment === undefined ? {} : { environment }),
          ...(after === undefined ? {} : { after }),
        },
        services.database.repositories,
      );
      return { status: 200, body: toPage(results, limit, placeOf) };
    },
  }),
  defineRoute({
    method: 'get',
    path: '/v1/topics:advise',
    id: 'topics.advise',
    summary: 'Advise how many queues a topic should have',
    tag: 'topics',
    permission: 'topics.read',
    request: { query: queueAdviceQuerySchema },
    answers: { 200: { description: 'The number, and why', schema: queueAdviceSchema } },
    example: { query: { rate: '5000', consumers: '3' } },
    handle: async ({ query: { rate, consumers } }) => ({ status: 200, body: adviseQueues(rate, consumers) }),
  }),
];

function placeOf({ match, name, kind }: SearchResult): readonly string[] {
  return [match, name, kind];
}

function toPlace([matchText, name, kindText]: readonly string[]): SearchPlace | undefined {
  const match = searchMatches.find((one) => one === matchText);
  const kind = searchKinds.find((one) => one === kindText);
  return match && name !== undefined && kind ? { match, name, kind } : undefined;
}

function readPlace(cursor: string | undefined): SearchPlace | undefined {
  const key = readCursor(cursor, 3, (parts) => toPlace(parts) !== undefined);
  return key && toPlace(key);
}
