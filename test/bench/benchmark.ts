/** A ratio that a benchmark is expected to reach, measured within one run on one machine. */
export interface Goal {
  readonly name: string;
  readonly value: number;
  /** The least value that meets the goal. */
  readonly goal: number;
  readonly met: boolean;
}

/** What a benchmark found: goals judged, and every figure behind them. */
export interface BenchmarkResult {
  readonly bench: string;
  readonly goals: readonly Goal[];
  readonly figures: Readonly<Record<string, number>>;
}

/** One benchmark; it tells its progress by lines for a person. */
export interface Benchmark {
  readonly name: string;
  readonly description: string;
  /** Stops early, and cleans up, when the signal is aborted. */
  run(note: (line: string) => void, signal: AbortSignal): Promise<BenchmarkResult>;
}

/** Judges a ratio; both are rounded alike, so that what is printed is what is judged. */
export function atLeast(name: string, value: number, goal: number): Goal {
  const rounded = round(value);
  return { name, value: rounded, goal, met: rounded >= goal };
}

/** Three significant digits: more would be noise. */
export function round(value: number): number {
  return Number(value.toPrecision(3));
}

/** The value in the middle, or between the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)];
  const lower = sorted[Math.ceil(sorted.length / 2) - 1];
  if (upper === undefined || lower === undefined) throw new Error('the median of no values');
  return (upper + lower) / 2;
}
