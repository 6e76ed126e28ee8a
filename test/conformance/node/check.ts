import { isDeepStrictEqual } from 'node:util';

/** Throws unless the condition holds. */
export function check(condition: boolean, what: string): asserts condition {
  if (!condition) throw new Error(what);
}

/** Throws unless both are alike, and shows them. */
export function checkEqual(what: string, actual: unknown, expected: unknown): void {
  if (isDeepStrictEqual(actual, expected)) return;
  throw new Error(`${what}: expected ${show(expected)}, got ${show(actual)}`);
}

/** Throws unless each of `expected` is there exactly once, in any order. */
export function checkSame(what: string, actual: readonly string[], expected: readonly string[]): void {
  const missing = expected.filter((one) => !actual.includes(one));
  check(
    missing.length === 0,
    `${what}: ${missing.length} of ${expected.length} missing, such as ${missing[0]}`,
  );
  const seen = new Set<string>();
  const again = actual.find((one) => seen.size === seen.add(one).size);
  check(again === undefined, `${what}: ${again} came more than once`);
  check(actual.length === expected.length, `${what}: ${actual.length} came instead of ${expected.length}`);
}

/** Throws unless the duration is in the range. */
export function checkDuration(what: string, ms: number, atLeastMs: number, atMostMs: number): void {
  check(ms >= atLeastMs, `${what} after ${Math.round(ms)} ms, before ${atLeastMs} ms`);
  check(ms <= atMostMs, `${what} after ${Math.round(ms)} ms, later than ${atMostMs} ms`);
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

const SHOWN_CHARACTERS_MAX = 200;

function show(value: unknown): string {
  return (JSON.stringify(value) ?? String(value)).slice(0, SHOWN_CHARACTERS_MAX);
}
