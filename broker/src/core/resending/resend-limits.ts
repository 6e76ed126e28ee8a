/** Bounds of one call of resend. */
export const resendLimits = {
  /** Messages that are resent, and ids that may be asked for. */
  resent: 10_000,
  /** Messages of one batch, which are durable together; the bytes are bounded by a page of the search. */
  batch: 256,
  /** Messages that are looked at, also those that are skipped; the call then ends with a next page. */
  examined: 100_000,
  /** Skipped messages that are named; all are counted. */
  skippedNamed: 1_000,
  /** Calls that wait for one another. */
  waiting: 16,
} as const;
