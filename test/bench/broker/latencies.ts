/** The value below which the given part of all values lies. */
export function quantile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const value = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))];
  if (value === undefined) throw new Error('a quantile of no values');
  return value;
}

/** p50 and p99 of times in milliseconds. */
export function latencies(name: string, valuesMs: readonly number[]): Record<string, number> {
  return { [`${name}_ms_p50`]: quantile(valuesMs, 0.5), [`${name}_ms_p99`]: quantile(valuesMs, 0.99) };
}
