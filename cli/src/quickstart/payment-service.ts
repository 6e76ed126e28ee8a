import type { Producer } from '@nomos/sdk';
import { TRANSFER_COMPLETED } from './bank-catalog.js';
import type { Hundredths } from './money.js';
import { type PaymentOrder, toEvent } from './payment-orders.js';

/** Every so many orders, one is sent twice, as by a producer that missed the first acknowledgement. */
const REPEAT_EVERY = 10;

/** Orders published side by side. */
const CHUNK = 500;

export interface Published {
  readonly sent: number;
  /** The orders' amounts together, each counted once. */
  readonly amount: Hundredths;
}

/** The payment service: publishes one event per order, its key the order id, and every tenth one twice. */
export async function publishTransfers(
  producer: Producer,
  orders: readonly PaymentOrder[],
  onProgress: (sent: number) => void,
): Promise<Published> {
  let sent = 0;
  let amount = 0n;
  const publish = async (order: PaymentOrder) => {
    await producer.send({ topic: TRANSFER_COMPLETED, tag: 'OUT', key: order.orderId, body: toEvent(order) });
    sent += 1;
  };
  for (let start = 0; start < orders.length; start += CHUNK) {
    const chunk = orders.slice(start, start + CHUNK);
    const repeated = chunk.filter((_, index) => (start + index) % REPEAT_EVERY === REPEAT_EVERY - 1);
    await Promise.all([...chunk, ...repeated].map(publish));
    for (const order of chunk) amount += order.amount;
    onProgress(sent);
  }
  return { sent, amount };
}
