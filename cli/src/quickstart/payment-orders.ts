import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { NomosError } from '@nomos/schemas';
import { type CsvError, parse } from 'csv-parse';
import { formatAmount, type Hundredths, parseAmount } from './money.js';

/** One payment order of a bank: so much from an account to an account at another bank. */
export interface PaymentOrder {
  readonly orderId: string;
  readonly accountId: string;
  readonly bankTo: string;
  readonly accountTo: string;
  readonly amount: Hundredths;
  /** What the payment is for: SIPO household, UVER loan, POJISTNE insurance, LEASING; may be blank. */
  readonly purpose: string;
}

/** The form in which an order travels: as JSON, the amount in decimal. */
export interface TransferCompleted {
  readonly orderId: string;
  readonly accountId: string;
  readonly bankTo: string;
  readonly accountTo: string;
  readonly amount: string;
  readonly purpose: string;
}

export function toEvent(order: PaymentOrder): TransferCompleted {
  return { ...order, amount: formatAmount(order.amount) };
}

const COLUMNS = ['order_id', 'account_id', 'bank_to', 'account_to', 'amount', 'k_symbol'] as const;
type Row = Readonly<Record<(typeof COLUMNS)[number], string>>;

/** A file of orders is read into memory whole, so its length is bounded. */
const ORDERS_MAX = 1_000_000;

/**
 * Reads orders from a semicolon-separated file with the header `order_id;account_id;bank_to;account_to;amount;
 * k_symbol`. Throws INPUT_INVALID that names the line of the first bad row.
 */
export async function readPaymentOrders(file: string): Promise<PaymentOrder[]> {
  const orders: PaymentOrder[] = [];
  const lineOfOrder = new Map<string, number>();
  const parser = parse({
    delimiter: ';',
    bom: true,
    info: true,
    skip_empty_lines: true,
    max_record_size: 64 * 1024,
    columns: (header: string[]) => checkHeader(file, header),
  });
  try {
    await pipeline(createReadStream(file), parser, async (records) => {
      for await (const { record, info } of records as AsyncIterable<{
        record: Row;
        info: { lines: number };
      }>) {
        const order = toOrder(record, `${file}, line ${info.lines}`);
        const earlier = lineOfOrder.get(order.orderId);
        if (earlier !== undefined) {
          throw invalid(
            `${file}, line ${info.lines}`,
            `order ${order.orderId} is already on line ${earlier}`,
          );
        }
        if (orders.length >= ORDERS_MAX) throw invalid(file, `it has more than ${ORDERS_MAX} orders`);
        lineOfOrder.set(order.orderId, info.lines);
        orders.push(order);
      }
    });
  } catch (error) {
    throw toInputError(file, error);
  }
  if (orders.length === 0) throw invalid(file, 'it has no orders');
  return orders;
}

function checkHeader(file: string, header: string[]): string[] {
  if (header.length === COLUMNS.length && COLUMNS.every((column, index) => header[index] === column))
    return header;
  throw invalid(`${file}, line 1`, `the header is not "${COLUMNS.join(';')}"`);
}

function toOrder(row: Row, where: string): PaymentOrder {
  for (const column of ['order_id', 'account_id', 'account_to'] as const) {
    if (!/^[0-9]{1,20}$/.test(row[column]))
      throw invalid(where, `${column} "${clip(row[column])}" is not a number`);
  }
  if (!/^[A-Z]{2}$/.test(row.bank_to))
    throw invalid(where, `bank_to "${clip(row.bank_to)}" is not two capital letters`);
  const amount = parseAmount(row.amount);
  if (amount === undefined || amount === 0n) {
    throw invalid(where, `amount "${clip(row.amount)}" is not a positive decimal with at most two places`);
  }
  if (row.k_symbol.length > 20)
    throw invalid(where, `k_symbol "${clip(row.k_symbol)}" is longer than 20 characters`);
  return {
    orderId: row.order_id,
    accountId: row.account_id,
    bankTo: row.bank_to,
    accountTo: row.account_to,
    amount,
    purpose: row.k_symbol.trim(),
  };
}

function clip(text: string): string {
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}

function invalid(where: string, reason: string): NomosError {
  return new NomosError('INPUT_INVALID', `${where}: ${reason}.`, {
    fix: 'Correct the file; nothing was sent.',
  });
}

function toInputError(file: string, error: unknown): NomosError {
  if (error instanceof NomosError) return error;
  if (isCsvError(error)) return invalid(`${file}, line ${error.lines}`, error.message.replace(/\.$/, ''));
  const reason = error instanceof Error ? error.message : String(error);
  return new NomosError('INPUT_INVALID', `The file ${file} cannot be read: ${reason}.`, {
    fix: 'Give the path of a readable file.',
    cause: error,
  });
}

function isCsvError(error: unknown): error is CsvError & { lines: number } {
  return error instanceof Error && 'lines' in error && typeof error.lines === 'number';
}

/** Orders made up from a seed: the same seed gives the same orders. */
export function generatePaymentOrders(count: number, seed: number): PaymentOrder[] {
  const random = seededRandom(seed);
  const pick = (limit: number) => Math.floor(random() * limit);
  const purposes = ['SIPO', 'UVER', 'POJISTNE', 'LEASING', ''];
  const banks = ['AB', 'CD', 'EF', 'GH', 'IJ', 'KL', 'MN', 'OP', 'QR', 'ST', 'UV', 'WX', 'YZ'];
  return Array.from({ length: count }, (_, index) => ({
    orderId: String(29_401 + index),
    accountId: String(1 + pick(4_500)),
    bankTo: banks[pick(banks.length)] ?? 'AB',
    accountTo: String(10_000_000 + pick(90_000_000)),
    amount: BigInt(100 + pick(1_500_000)),
    purpose: purposes[pick(purposes.length)] ?? '',
  }));
}

/** The mulberry32 generator: small, and the same on every machine. */
function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
