/** Which messages to resend. Times are milliseconds since 1970 of when they were stored, `toMs` excluded. */
export type ResendSelection =
  | { readonly ids: readonly string[] }
  | { readonly key: string; readonly fromMs?: number | undefined; readonly toMs?: number | undefined }
  | { readonly fromMs: number; readonly toMs: number };

/** Where they are: in a topic, then they go to all its groups or to one; or among the dead letters of a group. */
export type ResendSource =
  | { readonly topic: string; readonly onlyGroup?: string | undefined }
  | { readonly deadLettersOf: string };

export type ResendRequest = ResendSource & {
  readonly select: ResendSelection;
  /** How many messages may be resent by this call: 1 to 10,000. */
  readonly limit: number;
  /** Say what would be resent and change nothing. */
  readonly dryRun: boolean;
  /** Resend also what was resent before. */
  readonly again?: boolean | undefined;
  /** `nextPage` of the call before, to go on where that ended. */
  readonly page?: string | undefined;
};

export interface Resent {
  readonly originalId: string;
  /** Absent in a dry run. */
  readonly newId?: string;
  readonly topic: string;
}

/**
 * Why a message was not resent. `resent-before`: it was, to the same receivers. `is-resent`: it is itself a
 * repetition that the selection came upon beside the original; by its id it can be resent. `gone`: no message has this
 * id (any more). `topic-not-registered`: a dead letter whose topic is no longer registered.
 */
export type SkipReason = 'resent-before' | 'is-resent' | 'gone' | 'topic-not-registered';

export interface Skipped {
  readonly messageId: string;
  readonly why: SkipReason;
}

export interface ResendResult {
  readonly resent: readonly Resent[];
  /** The first 1,000 that were skipped. */
  readonly skipped: readonly Skipped[];
  readonly skippedCount: number;
  /** Whether the selection has more messages; the same call, or one with `nextPage`, goes on. */
  readonly more: boolean;
  /** Where to go on; absent for a selection by ids, which is simply repeated. */
  readonly nextPage?: string;
}
