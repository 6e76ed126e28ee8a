import type { SearchKind, SearchMatch, SearchResult, Status } from '@nomos/schemas';

/** What a search finds of an entry. */
export interface SearchDocument {
  readonly kind: SearchKind;
  readonly name: string;
  readonly description: string;
  /** Keys and values of labels. */
  readonly labels: readonly string[];
  readonly application?: string;
  readonly environments: readonly string[];
  readonly status: Status;
}

/** Where a page of results ended. */
export interface SearchPlace {
  readonly match: SearchMatch;
  readonly name: string;
  readonly kind: SearchKind;
}

/** What is searched for. */
export interface SearchQuery {
  /** Lower-case words, each of which must be there; `searchWords` makes them. */
  readonly words: readonly string[];
  readonly kinds?: readonly SearchKind[];
  /** Only what belongs to one of these applications. */
  readonly applications?: readonly string[];
  readonly environment?: string;
  readonly includeRetired?: boolean;
  readonly after?: SearchPlace;
  readonly limit: number;
}

/** The index that searches use; it is written with each change of the catalog. */
export interface SearchRepository {
  put(document: SearchDocument): Promise<void>;
  /** The best matches first, and within equally good ones in the order of names. */
  search(query: SearchQuery): Promise<SearchResult[]>;
  /** Names in use that hold all the parts, in no particular order. */
  findNames(parts: readonly string[], limit: number): Promise<NamedEntry[]>;
}

/** An entry as far as a list of names tells it. */
export type NamedEntry = Pick<SearchResult, 'kind' | 'name' | 'status'>;
