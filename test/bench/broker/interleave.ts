import { median } from '../benchmark.js';

/** When no further round begins, and how many are measured in any case. */
const TIME_MS = 12_000;
const ROUNDS_MIN = 2;

type Figures = Readonly<Record<string, number>>;

/**
 * Measures all variants in turn, round after round, so that a slow spell of the machine meets all of them, and
 * gives the median of each figure of each variant. A first round warms up and does not count. On a slow machine there
 * are fewer rounds.
 */
export async function interleave<Variant extends string>(
  rounds: number,
  variants: Readonly<Record<Variant, (round: number) => Promise<Figures>>>,
): Promise<Record<Variant, Figures>> {
  const measured = new Map<Variant, Map<string, number[]>>();
  const named = Object.entries(variants) as [Variant, (round: number) => Promise<Figures>][];
  const startedAt = performance.now();
  for (let round = 0; round <= rounds; round++) {
    if (round > ROUNDS_MIN && performance.now() - startedAt > TIME_MS) break;
    for (const [variant, measure] of named) {
      const figures = await measure(round);
      if (round === 0) continue;
      const all = measured.get(variant) ?? new Map<string, number[]>();
      measured.set(variant, all);
      for (const [name, value] of Object.entries(figures)) all.set(name, [...(all.get(name) ?? []), value]);
    }
  }
  const medians = named.map(([variant]) => {
    const all = [...(measured.get(variant) ?? [])];
    return [variant, Object.fromEntries(all.map(([name, values]) => [name, median(values)]))];
  });
  return Object.fromEntries(medians) as Record<Variant, Figures>;
}

/** One figure of a variant. */
export function figureOf(figures: Figures, name: string): number {
  const value = figures[name];
  if (value === undefined) throw new Error(`"${name}" was not measured`);
  return value;
}

/** The figures of all variants in one table; names begin with the variant's. */
export function flatten(variants: Readonly<Record<string, Figures>>): Record<string, number> {
  return Object.fromEntries(
    Object.entries(variants).flatMap(([variant, figures]) =>
      Object.entries(figures).map(([name, value]) => [`${variant}_${name}`, value] as const),
    ),
  );
}
