import {
  type Consumer,
  type Message,
  memoryStore,
  type Nomos,
  postgresInbox,
  postgresStore,
} from '@nomos/sdk';
import type { Pool } from 'pg';
import { consumerGroups, TRANSFER_COMPLETED } from './bank-catalog.js';
import { type Hundredths, parseAmount } from './money.js';
import type { TransferCompleted } from './payment-orders.js';

/** What a service did with the events it got. */
export interface Applied {
  readonly applied: number;
  readonly amount: Hundredths;
}

/** One of the services that consume completed transfers. */
export interface ConsumingService {
  readonly group: string;
  readonly consumer: Consumer;
  /** Counts what the service really did, where it did it. */
  count(): Promise<Applied>;
}

const subscribe = { [TRANSFER_COMPLETED]: '*' };

function amountOf(event: TransferCompleted): Hundredths {
  const amount = parseAmount(event.amount);
  if (amount === undefined)
    throw new Error(`the amount "${event.amount}" of order ${event.orderId} is no amount`);
  return amount;
}

/** SMS: tells the customer; remembers in memory whom it has told. */
export async function startSmsService(nomos: Nomos): Promise<ConsumingService> {
  const outbox: { text: string; amount: Hundredths }[] = [];
  const consumer = await nomos.consumer({
    group: consumerGroups.sms,
    subscribe,
    idempotence: { by: 'key', store: memoryStore() },
    handle: async (message: Message) => {
      const event = message.json<TransferCompleted>();
      const text = `Transfer of ${event.amount} to ${event.accountTo}/${event.bankTo} is done.`;
      outbox.push({ text, amount: amountOf(event) });
    },
  });
  return {
    group: consumerGroups.sms,
    consumer,
    count: async () => ({
      applied: outbox.length,
      amount: outbox.reduce((sum, sms) => sum + sms.amount, 0n),
    }),
  };
}

/** Anti-fraud: sums what each account has sent; a lease in Postgres keeps duplicates out. */
export async function startAntifraudService(nomos: Nomos, pool: Pool): Promise<ConsumingService> {
  const store = postgresStore(pool);
  await store.ensureSchema();
  const outflow = new Map<string, { transfers: number; amount: Hundredths }>();
  const consumer = await nomos.consumer({
    group: consumerGroups.antifraud,
    subscribe,
    idempotence: { by: 'key', store },
    handle: async (message: Message) => {
      const event = message.json<TransferCompleted>();
      const account = outflow.get(event.accountId) ?? { transfers: 0, amount: 0n };
      const amount = account.amount + amountOf(event);
      outflow.set(event.accountId, { transfers: account.transfers + 1, amount });
    },
  });
  return {
    group: consumerGroups.antifraud,
    consumer,
    count: async () => {
      const accounts = [...outflow.values()];
      return {
        applied: accounts.reduce((sum, account) => sum + account.transfers, 0),
        amount: accounts.reduce((sum, account) => sum + account.amount, 0n),
      };
    },
  };
}

/** The ledger: posts into a table, in the very transaction that remembers the order as done. */
export async function startLedgerService(nomos: Nomos, pool: Pool): Promise<ConsumingService> {
  await pool.query(
    `CREATE TABLE posting (order_id bigint PRIMARY KEY, account_id bigint NOT NULL, bank_to char(2) NOT NULL,
     account_to bigint NOT NULL, amount numeric(17, 2) NOT NULL, purpose text NOT NULL)`,
  );
  const store = postgresInbox(pool);
  await store.ensureSchema();
  const consumer = await nomos.consumer({
    group: consumerGroups.ledger,
    subscribe,
    idempotence: { by: 'key', store },
    handle: async (message: Message, { transaction }) => {
      const event = message.json<TransferCompleted>();
      await transaction.query(
        'INSERT INTO posting (order_id, account_id, bank_to, account_to, amount, purpose) VALUES ($1, $2, $3, $4, $5, $6)',
        [event.orderId, event.accountId, event.bankTo, event.accountTo, event.amount, event.purpose],
      );
    },
  });
  return {
    group: consumerGroups.ledger,
    consumer,
    count: async () => {
      const { rows } = await pool.query<{ applied: string; amount: string }>(
        'SELECT count(*) AS applied, coalesce(sum(amount), 0)::text AS amount FROM posting',
      );
      const [row] = rows;
      return { applied: Number(row?.applied), amount: parseAmount(row?.amount ?? '') ?? 0n };
    },
  };
}
