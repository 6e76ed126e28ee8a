const DAY_MS = 24 * 60 * 60 * 1000;

/** How retention goes about its work. */
export const retentionLimits = {
  /** From the end of one run to the next. */
  pauseMs: 60_000,
  /** Messages that are deleted, or counted, at a time; and their bytes, beyond which one message may go. */
  batch: 500,
  batchBytes: 4 * 1024 * 1024,
  /** Trace entries that are deleted with a batch; more go with the next. */
  traceEntries: 10_000,
  /** For how long a topic that is no longer registered keeps its messages. */
  retiredMs: 30 * DAY_MS,
} as const;
