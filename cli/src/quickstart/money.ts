/** An amount of money as a whole number of hundredths, so that sums are exact. */
export type Hundredths = bigint;

/** Reads a decimal amount with at most two places, or gives undefined for anything else. */
export function parseAmount(text: string): Hundredths | undefined {
  const match = /^([0-9]{1,15})(?:\.([0-9]{1,2}))?$/.exec(text);
  if (match === null) return undefined;
  const [, whole = '', fraction = ''] = match;
  return BigInt(whole) * 100n + BigInt(fraction.padEnd(2, '0'));
}

/** The amount in decimal with two places. */
export function formatAmount(amount: Hundredths): string {
  const digits = amount.toString().padStart(3, '0');
  return `${digits.slice(0, -2)}.${digits.slice(-2)}`;
}
