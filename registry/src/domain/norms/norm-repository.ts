import type { NameKind, Norm } from '@nomos/schemas';

/** A norm as it is stored. Once it was active it never changes. */
export interface NormRecord {
  readonly document: Norm;
  readonly revision: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly firstActivatedAt?: Date;
}

/** Which norm: what its document says. */
export interface NormKey {
  readonly name: string;
  readonly version: number;
}

/** That a norm came into force somewhere. It never changes; the stage follows from its dates and the clock. */
export interface NormActivation {
  readonly id: string;
  readonly norm: NormKey;
  readonly activatedAt: Date;
  readonly warnFrom: Date;
  readonly blockFrom: Date;
  /**
   * The activation that decides until this one does, and that a roll-back returns to. It blocked already when
   * this one was made. Absent for the first of a scope.
   */
  readonly previous?: string;
}

/** The newest activation of an environment, or of the default, whose scope is the empty text. */
export interface NormScope {
  readonly scope: string;
  readonly activation: NormActivation;
}

/** Changes whenever what it stands for may have changed; never takes a value twice. */
export interface ChangeMarks {
  readonly norms: string;
  readonly vocabularies: string;
}

/** The words of the closed vocabularies, with what is needed to tell whose a name is. */
export interface VocabularyWords {
  readonly domains: readonly string[];
  readonly applications: readonly { readonly code: string; readonly domain: string; readonly team: string }[];
}

/** A registered name, as much of it as judging needs. */
export interface RegisteredName {
  readonly name: string;
  readonly application: string;
}

/** Kinds of names that are registered. */
export type RegisteredKind = Exclude<NameKind, 'tag' | 'property'>;

/** A name that broke a norm which was not yet in force, and how often. */
export interface NormObservation {
  readonly norm: NormKey;
  readonly kind: NameKind;
  readonly name: string;
  readonly application: string;
  readonly rules: readonly string[];
  readonly count: number;
  readonly lastSeenAt: Date;
}

/** The place after which a page of norms begins. */
export type NormPageKey = NormKey;

export interface NormRepository {
  find(key: NormKey): Promise<NormRecord | undefined>;
  list(query: { readonly after?: NormPageKey; readonly limit: number }): Promise<NormRecord[]>;
  insert(record: NormRecord): Promise<void>;
  update(record: NormRecord): Promise<void>;
  delete(key: NormKey): Promise<void>;
  insertActivation(activation: NormActivation): Promise<void>;
  findActivation(id: string): Promise<NormActivation | undefined>;
  scopes(): Promise<NormScope[]>;
  /** Makes the activation the newest of its scope; without one the scope has no norm of its own. */
  setScope(scope: string, activation: string | undefined): Promise<void>;
  marks(): Promise<ChangeMarks>;
  vocabularies(): Promise<VocabularyWords>;
  /**
   * For each name the registered ones of the kind that it may be taken for, itself among them if it is
   * registered; those of the application first. Candidates only: the norm's rule decides.
   */
  similarNames(
    kind: RegisteredKind,
    names: readonly RegisteredName[],
  ): Promise<ReadonlyMap<string, readonly string[]>>;
  /** A page of registered names in their order, of one environment if given. */
  registeredNames(query: {
    readonly kind: RegisteredKind;
    readonly after: string;
    readonly limit: number;
    readonly environment?: string;
  }): Promise<RegisteredName[]>;
  countRegisteredNames(kind: RegisteredKind, environment: string | undefined): Promise<number>;
  addObservations(observations: readonly NormObservation[]): Promise<void>;
  /** Removes those of all norms but these, which are given as ids. Returns how many. */
  purgeObservations(exceptOf: readonly string[]): Promise<number>;
  observations(query: {
    readonly norm: NormKey;
    readonly after?: readonly [kind: string, name: string];
    readonly limit: number;
  }): Promise<NormObservation[]>;
}
