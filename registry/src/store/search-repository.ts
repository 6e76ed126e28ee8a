import { type SearchMatch, type SearchResult, searchMatches, searchResultSchema } from '@nomos/schemas';
import type {
  SearchDocument,
  SearchPlace,
  SearchQuery,
  SearchRepository,
} from '../domain/search/search-repository.js';
import { searchWords } from '../domain/search/search-words.js';
import { Prisma } from './generated/client.js';

const namedEntrySchema = searchResultSchema.pick({ kind: true, name: true, status: true });

/** The length of the runs of characters in the index. */
const GRAM_CHARACTERS = 3;

/** Comes after every other character, so that it ends the range of texts that begin alike. */
const LAST_CHARACTER = '\u{10ffff}';

/** The index of store and search; see docs/decisions/0017-search-without-an-extension.md. */
export function searchRepository(client: Prisma.TransactionClient): SearchRepository {
  return {
    async put(document) {
      const { key, collection, ...row } = rowOf(document);
      await client.searchEntry.upsert({
        where: { key_collection: { key, collection } },
        create: { key, collection, ...row },
        update: row,
      });
    },
    async search(query) {
      const { after, limit } = query;
      const results: SearchResult[] = [];
      const first = after === undefined ? 0 : searchMatches.indexOf(after.match);
      // One query for each way to match: each stops at its limit, where one that ranks would read all that match.
      for (const match of searchMatches.slice(first)) {
        const place = match === after?.match ? after : undefined;
        results.push(...(await findMatches(client, match, query, place, limit - results.length)));
        if (results.length >= limit) break;
      }
      return results;
    },
    async findNames(parts, limit) {
      const rows = await client.$queryRaw<object[]>`
        SELECT "collection" AS "kind", "key" AS "name", "status"::text AS "status" FROM "SearchEntry"
        WHERE ${inIndex(Prisma.sql`"nameGrams"`, parts)} AND ${hasAll(Prisma.sql`"nameText"`, parts)}
          AND "status" <> 'retired' LIMIT ${limit}`;
      return rows.map((row) => namedEntrySchema.parse(row));
    },
  };
}

function rowOf({ kind, name, labels, application, environments, ...document }: SearchDocument) {
  const nameText = nameTextOf(name);
  const more = searchWords([document.description, ...labels].join(' ')).map((word) => `${word} `);
  return {
    ...document,
    ...{ key: name, collection: kind, application: application ?? null, environments: [...environments] },
    ...{ nameText, text: `${nameText}${more.join('')}` },
  };
}

/** The words of a name, with a space before and after each. */
function nameTextOf(name: string): string {
  return ` ${searchWords(name).join(' ')} `;
}

async function findMatches(
  client: Prisma.TransactionClient,
  match: SearchMatch,
  query: SearchQuery,
  after: SearchPlace | undefined,
  limit: number,
): Promise<SearchResult[]> {
  const { words, kinds, applications, environment, includeRetired = false } = query;
  const conditions = [
    conditionOf(match, words),
    ...(kinds === undefined ? [] : [isOneOf(Prisma.sql`"collection"`, kinds)]),
    ...(applications === undefined ? [] : [isOneOf(Prisma.sql`"application"`, applications)]),
    ...(environment === undefined ? [] : [Prisma.sql`"environments" @> ARRAY[${environment}]`]),
    ...(includeRetired ? [] : [Prisma.sql`"status" <> 'retired'`]),
    ...(after === undefined ? [] : [isAfter(after)]),
  ];
  const rows = await client.$queryRaw<object[]>`
    SELECT "collection" AS "kind", "key" AS "name", "description", "application", "status"::text AS "status"
    FROM "SearchEntry" WHERE ${Prisma.join(conditions, ' AND ')}
    ORDER BY "nameText", "key", "collection" LIMIT ${limit}`;
  return rows.map((row) => {
    const present = Object.entries(row).filter(([, value]) => value !== null);
    return searchResultSchema.parse({ ...Object.fromEntries(present), match });
  });
}

/** With one value as an equation, since an index then also gives the order of what follows in it. */
function isOneOf(column: Prisma.Sql, values: readonly string[]): Prisma.Sql {
  return values.length === 1
    ? Prisma.sql`${column} = ${values[0]}`
    : Prisma.sql`${column} = ANY(${[...values]})`;
}

/** Behind the end of the page before. The order is that of an index, so that names that begin alike are read in it. */
function isAfter({ name, kind }: SearchPlace): Prisma.Sql {
  return Prisma.sql`("nameText", "key", "collection") > (${nameTextOf(name)}, ${name}, ${kind})`;
}

/** What matches in this way and in no better one. */
function conditionOf(match: SearchMatch, words: readonly string[]): Prisma.Sql {
  const start = ` ${words.join(' ')}`;
  const isName = Prisma.sql`"nameText" = ${`${start} `}`;
  // A range instead of LIKE, whose use of the index would depend on how the statement is prepared.
  const isStart = Prisma.sql`("nameText" >= ${start} AND "nameText" < ${start + LAST_CHARACTER})`;
  const nameText = Prisma.sql`"nameText"`;
  const nameGrams = Prisma.sql`"nameGrams"`;
  const beginnings = words.map((word) => ` ${word}`);
  // A word too short for the index is only looked for where words begin.
  const parts = words.map((word) => ([...word].length < GRAM_CHARACTERS ? ` ${word}` : word));
  const hasBeginnings = hasAll(nameText, beginnings);
  const hasParts = hasAll(nameText, parts);
  switch (match) {
    case 'name':
      return isName;
    case 'name-start':
      return Prisma.sql`${isStart} AND NOT ${isName}`;
    case 'name-word':
      return Prisma.sql`${inIndex(nameGrams, beginnings)} AND ${hasBeginnings} AND NOT ${isStart}`;
    case 'name-part':
      return Prisma.sql`${inIndex(nameGrams, parts)} AND ${hasParts} AND NOT ${hasBeginnings}`;
    case 'text': {
      const hasText = hasAll(Prisma.sql`"text"`, parts);
      return Prisma.sql`${inIndex(Prisma.sql`"grams"`, parts)} AND ${hasText} AND NOT ${hasParts}`;
    }
  }
}

/** Whether a text holds every part. */
function hasAll(text: Prisma.Sql, parts: readonly string[]): Prisma.Sql {
  return Prisma.sql`(${Prisma.join(
    parts.map((part) => Prisma.sql`strpos(${text}, ${part}) > 0`),
    ' AND ',
  )})`;
}

/** What the index can say of it: a text without one of the runs does not hold the part. */
function inIndex(grams: Prisma.Sql, parts: readonly string[]): Prisma.Sql {
  const runs = new Set(parts.flatMap(gramsOf));
  return Prisma.sql`${grams} @> ${[...runs]}`;
}

function gramsOf(part: string): string[] {
  const characters = [...part];
  return characters
    .slice(GRAM_CHARACTERS - 1)
    .map((_, index) => characters.slice(index, index + GRAM_CHARACTERS).join(''));
}
