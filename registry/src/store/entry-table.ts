import { type Deprecation, deprecationSchema, type Status } from '@nomos/schemas';
import type {
  CatalogEntry,
  Conditions,
  EntryKey,
  EntryRepository,
  ListQuery,
} from '../domain/repositories.js';
import { Prisma } from './generated/client.js';

/** A condition in the form that all of Prisma's models understand. */
export type Where = Record<string, unknown>;

/** The calls of one Prisma model that a collection needs. Each model has types of its own for them. */
export interface EntryTable<Entry extends CatalogEntry> {
  /** The columns of the primary key, in order. */
  readonly keyColumns: readonly string[];
  /** The columns that hold lists. */
  readonly listColumns?: readonly string[];
  /** Entries in the order of the key. */
  findMany(where: Where, limit: number | undefined): Promise<Entry[]>;
  create(entry: Entry): Promise<unknown>;
  update(where: Where, entry: Entry): Promise<unknown>;
}

/** The repository of a collection over its table. */
export function entryRepository<Entry extends CatalogEntry>(
  table: EntryTable<Entry>,
): EntryRepository<Entry> {
  return {
    async find(key) {
      const [entry] = await table.findMany(whereKey(table.keyColumns, key), 1);
      return entry;
    },
    list: (query) => table.findMany(whereQuery(table, query), query.limit),
    async insert(entry) {
      await table.create(entry);
    },
    async update(entry) {
      const values = new Map<string, unknown>(Object.entries(entry));
      const key = table.keyColumns.map((column) => String(values.get(column)));
      await table.update(whereKey(table.keyColumns, key), entry);
    },
  };
}

/** The dates that an entry shows as text. */
export interface EntryDates {
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly reservedUntil: Date | null;
}

/** A row with its dates as an entry shows them. */
export function withTexts<Row extends EntryDates>({ createdAt, updatedAt, reservedUntil, ...row }: Row) {
  return {
    ...row,
    createdAt: createdAt.toISOString(),
    updatedAt: updatedAt.toISOString(),
    ...(reservedUntil === null ? {} : { reservedUntil: reservedUntil.toISOString() }),
  };
}

/** The row of an entry: what it does not have is written down as nothing, since an update may take it away. */
export function toRow<Entry extends CatalogEntry>(entry: Entry) {
  return { ...entry, reservedUntil: entry.reservedUntil ?? null };
}

/** How a deprecation is kept, and read again. */
export function toDeprecationColumn(deprecation: Deprecation | undefined) {
  return deprecation ?? Prisma.DbNull;
}

export function readDeprecation(column: unknown): { deprecation?: Deprecation } {
  return column === null ? {} : { deprecation: deprecationSchema.parse(column) };
}

function whereKey(columns: readonly string[], key: EntryKey): Where {
  return Object.fromEntries(columns.map((column, index) => [column, key[index] ?? '']));
}

function whereQuery(
  table: { readonly keyColumns: readonly string[]; readonly listColumns?: readonly string[] },
  { conditions = {}, further = [], includeRetired = false, status, after }: ListQuery,
): Where {
  return {
    AND: [
      ...[conditions, ...further].flatMap((one) => whereConditions(one, table.listColumns ?? [])),
      ...whereStatus(status, includeRetired),
      ...(after === undefined ? [] : [whereAfter(table.keyColumns, after)]),
    ],
  };
}

function whereStatus(status: Status | undefined, includeRetired: boolean): Where[] {
  if (status !== undefined) return [{ status }];
  return includeRetired ? [] : [{ status: { in: ['active', 'deprecated'] } }];
}

function whereConditions(conditions: Conditions, listColumns: readonly string[]): Where[] {
  return Object.entries(conditions).map(([column, value]) => {
    if (typeof value !== 'string') return { [column]: { in: [...value] } };
    return { [column]: listColumns.includes(column) ? { has: value } : value };
  });
}

/** Keys that come after this one: greater in the first column, or equal there and greater in the next. */
function whereAfter(columns: readonly string[], after: EntryKey): Where {
  return {
    OR: columns.map((column, index) => ({
      ...whereKey(columns.slice(0, index), after),
      [column]: { gt: after[index] ?? '' },
    })),
  };
}
