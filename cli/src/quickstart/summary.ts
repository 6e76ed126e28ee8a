import { formatAmount, type Hundredths } from './money.js';
import type { Refusal } from './refusals.js';

export interface GroupSummary {
  readonly group: string;
  readonly applied: number;
  readonly suppressed: number;
  readonly amount: Hundredths;
}

/** What a run of the scenario did. */
export interface Summary {
  readonly orders: number;
  readonly sent: number;
  readonly amount: Hundredths;
  readonly groups: readonly GroupSummary[];
  readonly refusals: readonly Refusal[];
  readonly seconds: number;
}

/** Stands before an amount until the JSON text is made; no name or code contains it. */
const AMOUNT_MARK = '\u0000';

/**
 * The summary as one line of JSON. Amounts are numbers with exactly two places (`21228993.60`), which
 * JSON.stringify cannot write: it would drop the last zero.
 */
export function toJsonLine(summary: Summary): string {
  const amount = (value: Hundredths) => AMOUNT_MARK + formatAmount(value);
  const line = JSON.stringify({
    orders: summary.orders,
    sent: summary.sent,
    amount: amount(summary.amount),
    groups: Object.fromEntries(
      summary.groups.map(({ group, applied, suppressed, amount: sum }) => [
        group,
        { applied, suppressed, amount: amount(sum) },
      ]),
    ),
    refused: summary.refusals.map((refusal) => ({ case: refusal.case, code: refusal.error.code })),
    seconds: summary.seconds,
  });
  return line.replaceAll(/"\\u0000([0-9]+\.[0-9]{2})"/g, '$1');
}

/** The summary for a person. */
export function toText(summary: Summary): string {
  const lines = [
    '',
    `${summary.orders} payment orders, ${summary.sent} events sent (every tenth order twice), ${formatAmount(summary.amount)} in all, ${summary.seconds} s`,
    '',
    'consumer group        applied  suppressed          amount',
    ...summary.groups.map(({ group, applied, suppressed, amount }) =>
      [
        group.padEnd(20),
        String(applied).padStart(8),
        String(suppressed).padStart(11),
        formatAmount(amount).padStart(15),
      ].join(' '),
    ),
    '',
    'refused, and what the developer is told:',
  ];
  for (const { attempt, error } of summary.refusals) {
    lines.push(`  ${attempt}`, `    ${error.code}: ${error.message}`);
    for (const { message } of error.violations) lines.push(`      - ${message}`);
    const suggestions = new Set(error.violations.map(({ suggestion }) => suggestion));
    for (const suggestion of suggestions) if (suggestion) lines.push(`      Suggested: ${suggestion}`);
    lines.push(`    Fix: ${error.fix}`);
  }
  lines.push('', 'Where to look next: README.md for the SDK, docs/ARCHITECTURE.md for how it works.');
  return `${lines.join('\n')}\n`;
}
