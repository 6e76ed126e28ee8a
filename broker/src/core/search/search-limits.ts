/** Bounds of one search, whatever is asked. */
export const searchLimits = {
  /** Messages of a page. */
  found: 1_000,
  /** Bytes of a page; its last message may go beyond. */
  pageBytes: 4 * 1024 * 1024,
  /** Messages that are read for a page; they can be more than it has when many texts begin alike. */
  examined: 2_000,
} as const;
