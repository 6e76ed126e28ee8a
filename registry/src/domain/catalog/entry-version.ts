import type { Role } from '@nomos/schemas';

/** A state that an entry was in, with who made it so. */
export interface EntryVersion {
  /** As in the URL, for instance `topics`. */
  readonly collection: string;
  /** The parts of its key joined by `/`. */
  readonly key: string;
  readonly version: number;
  readonly at: Date;
  readonly actorRole: Role;
  readonly actorId: string;
  /** As in the audit log, for instance `topic.change`. */
  readonly action: string;
  readonly entry: object;
}

/** Every state of every entry, to which one can only add. */
export interface VersionRepository {
  append(version: EntryVersion): Promise<void>;
  find(collection: string, key: string, version: number): Promise<EntryVersion | undefined>;
  /** The newest first, only those before the version where one is given. */
  list(query: VersionQuery): Promise<EntryVersion[]>;
}

export interface VersionQuery {
  readonly collection: string;
  readonly key: string;
  readonly before?: number;
  readonly limit: number;
}
