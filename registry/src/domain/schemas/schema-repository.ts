import type { CompatibilityLevel, SchemaReference } from '@nomos/schemas';

/** A subject as it is stored. */
export interface SchemaSubjectRecord {
  readonly name: string;
  readonly kind: 'topic' | 'shared';
  readonly application: string;
  readonly compatibility: CompatibilityLevel;
  /** The newest version that is not deleted. */
  readonly latest?: number;
  /** The number given out last, also to a version that is deleted now. */
  readonly lastNumber: number;
  readonly version: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** A version as it is stored. What it says never changes. */
export interface SchemaVersionRecord {
  readonly subject: string;
  readonly version: number;
  readonly contentId: string;
  /** The document as JSON text. */
  readonly schema: string;
  readonly references: readonly SchemaReference[];
  readonly description?: string;
  readonly createdAt: Date;
  readonly deletedAt?: Date;
}

/** Which version of which subject. */
export interface SchemaVersionKey {
  readonly subject: string;
  readonly version: number;
}

/** Schemas of topics and shared schemas. Reads of versions leave out those that are deleted. */
export interface SchemaRepository {
  findSubject(name: string): Promise<SchemaSubjectRecord | undefined>;
  /** Subjects in the order of their names. */
  listSubjects(query: {
    readonly application?: string;
    readonly kind?: SchemaSubjectRecord['kind'];
    /** Only subjects with a version. */
    readonly isLive?: boolean;
    readonly after?: string;
    readonly limit: number;
  }): Promise<SchemaSubjectRecord[]>;
  saveSubject(subject: SchemaSubjectRecord): Promise<void>;
  findVersions(keys: readonly SchemaVersionKey[]): Promise<SchemaVersionRecord[]>;
  /** Versions of a subject, the oldest first. */
  listVersions(query: {
    readonly subject: string;
    readonly after?: number;
    readonly limit: number;
  }): Promise<SchemaVersionRecord[]>;
  /** Versions with this content, in the order of their subjects. */
  listByContent(query: {
    readonly contentId: string;
    readonly subject?: string;
    readonly limit: number;
  }): Promise<SchemaVersionRecord[]>;
  findNewest(subject: string): Promise<SchemaVersionRecord | undefined>;
  insertVersion(version: SchemaVersionRecord): Promise<void>;
  deleteVersion(key: SchemaVersionKey, at: Date): Promise<void>;
  /** Some version that is not deleted and refers to this one. */
  findReferring(key: SchemaVersionKey): Promise<SchemaVersionKey | undefined>;
}
