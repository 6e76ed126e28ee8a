import { parseTagFilter } from '@nomos/schemas';
import type { ReceiveRequest } from './broker-core.js';
import type { Delivery } from './delivery/subscription.js';
import { readIdentity } from './log/stored-message.js';
import type { NewMessage } from './log/topic-log.js';
import type { Store } from './store.js';
import { FieldWriter } from './wire.js';

export const TOPIC = 'pay-core-transfer-completed';
export const GROUP = 'cg-sms-notify';
export const INVISIBLE_MS = 10_000;

export function request(options: Partial<ReceiveRequest> = {}): ReceiveRequest {
  const filter = parseTagFilter('*');
  return {
    group: GROUP,
    topic: TOPIC,
    filter,
    messagesMax: 32,
    invisibleMs: INVISIBLE_MS,
    waitMs: 0,
    ...options,
  };
}

export function newMessage(messageId: string, tag = ''): NewMessage {
  const keys = [`key-${messageId}`];
  const writer = new FieldWriter(Buffer.alloc(200));
  writer.asciiField(2, keys[0] ?? '');
  writer.asciiField(3, messageId);
  const system = writer.bytes.subarray(0, writer.position);
  return { messageId, keys, stored: { tag, deadLetterOf: '', system, rest: Buffer.from([]) } };
}

export function idsOf(deliveries: readonly Delivery[]): string[] {
  return deliveries.map(({ message }) => readIdentity(message.system).messageId);
}

/**
 * Lets everything come to an end that is under way, commits to a real disk too, however slow it is: an empty
 * commit ends after those before it. What ends may begin something new, hence several rounds.
 */
export async function settleWith(store: Store): Promise<void> {
  for (let round = 0; round < 4; round++) {
    await new Promise((resolve) => setImmediate(resolve));
    await store.commit([]);
  }
}

/** Lets everything come to an end that is under way in memory. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 5));
}
