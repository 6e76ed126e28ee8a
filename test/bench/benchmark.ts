/** A value that a benchmark is expected to reach, mostly a ratio, measured within one run on one machine. */
export interface Goal {
  readonly name: string;
  readonly value: number;
  /** The least value that meets the goal, or the greatest one. */
  readonly goal: number;
  readonly bound: 'at least' | 'at most';
  readonly met: boolean;
}

/** What a benchmark found: goals judged, and every figure behind them. */
export interface BenchmarkResult {
  readonly bench: string;
  readonly goals: readonly Goal[];
  readonly figures: Readonly<Record<string, number>>;
}

/** What may be said to a benchmark that has parts; another one takes no notice. */
export interface BenchmarkOptions {
  /** The names of the parts to run, with commas between; absent: all. */
  readonly part?: string | undefined;
  /** How many unread messages make a backlog. */
  readonly backlog?: string | undefined;
}

/** One benchmark; it tells its progress by lines for a person. */
export interface Benchmark {
  readonly name: string;
  readonly description: string;
  /** Stops early, and cleans up, when the signal is aborted. */
  run(note: (line: string) => void, signal: AbortSignal, options: BenchmarkOptions): Promise<BenchmarkResult>;
}

/** Judges a value that is to be great; it is rounded first, so that what is printed is what is judged. */
export function atLeast(name: string, value: number, goal: number): Goal {
  const rounded = round(value);
  return { name, value: rounded, goal, bound: 'at least', met: rounded >= goal };
}

/** Judges a value that is to be small. */
export function atMost(name: string, value: number, goal: number): Goal {
  const rounded = round(value);
  return { name, value: rounded, goal, bound: 'at most', met: rounded <= goal };
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
