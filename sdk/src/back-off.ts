/** How pauses between attempts grow, in milliseconds. */
export interface BackOff {
  readonly initialMs: number;
  readonly maxMs: number;
}

/** The pauses after a server that does not answer: short enough to notice its return, long enough to let it. */
export const defaultBackOff: BackOff = { initialMs: 50, maxMs: 2_000 };

/**
 * The pause before the next attempt: doubled each time up to the maximum, half of it by chance, so that
 * clients which lost the same server do not return at the same moment.
 */
export function backOffMs(attempt: number, { initialMs, maxMs }: BackOff = defaultBackOff): number {
  const ceiling = Math.min(maxMs, initialMs * 2 ** Math.min(attempt - 1, 30));
  return ceiling / 2 + (Math.random() * ceiling) / 2;
}
