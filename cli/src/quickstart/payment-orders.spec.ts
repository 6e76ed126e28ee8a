import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { generatePaymentOrders, readPaymentOrders, toEvent } from './payment-orders.js';

const HEADER = '"order_id";"account_id";"bank_to";"account_to";"amount";"k_symbol"';
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'nomos-orders-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function fileWith(...lines: string[]): string {
  const file = join(folder, 'orders.csv');
  writeFileSync(file, lines.join('\n'));
  return file;
}

test('quoted and plain fields are read, a blank purpose stays blank', async () => {
  const file = fileWith(
    HEADER,
    '29401;1;"YZ";"87144583";2452.00;"SIPO"',
    '29402;2;ST;89597016;3372.7;" "',
    '',
  );
  const [first, second] = await readPaymentOrders(file);
  expect(first).toEqual({
    orderId: '29401',
    accountId: '1',
    bankTo: 'YZ',
    accountTo: '87144583',
    amount: 245_200n,
    purpose: 'SIPO',
  });
  expect(second).toMatchObject({ amount: 337_270n, purpose: '' });
});

describe('a bad file is refused with the line', () => {
  const good = '29401;1;"YZ";"87144583";2452.00;"SIPO"';
  test.each([
    ['a negative amount', [HEADER, good, '29402;2;"ST";"89597016";-3.00;"UVER"'], 'line 3: amount "-3.00"'],
    ['too few fields', [HEADER, good, '29402;2;"ST"'], 'line 3'],
    ['an order given twice', [HEADER, good, good], 'line 3: order 29401 is already on line 2'],
    ['a quote left open', [HEADER, '29401;1;"YZ;"87144583";2452.00;"SIPO"'], 'line 2'],
    ['another header', ['a;b;c', '1;2;3'], 'line 1: the header is not'],
    ['no order', [HEADER], 'it has no orders'],
    ['nothing', [''], 'it has no orders'],
  ])('%s', async (_, lines, message) => {
    await expect(readPaymentOrders(fileWith(...lines))).rejects.toMatchObject({
      code: 'INPUT_INVALID',
      message: expect.stringContaining(message),
    });
  });

  test('a file that is not there', async () => {
    const error = await readPaymentOrders(join(folder, 'absent.csv')).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'INPUT_INVALID', message: expect.stringContaining('absent.csv') });
  });
});

test('generated orders are the same for the same seed, with distinct ids', () => {
  const orders = generatePaymentOrders(100, 1);
  expect(generatePaymentOrders(100, 1)).toEqual(orders);
  expect(generatePaymentOrders(100, 2)).not.toEqual(orders);
  expect(new Set(orders.map(({ orderId }) => orderId)).size).toBe(100);
  expect(orders.every(({ amount }) => amount > 0n)).toBe(true);
});

test('an order travels with its amount in decimal', () => {
  const [order] = generatePaymentOrders(1, 1);
  if (order === undefined) throw new Error('one order was asked for');
  expect(toEvent({ ...order, amount: 1_050n }).amount).toBe('10.50');
});
