import { type MessageFilter, parseMessageFilter } from '@nomos/schemas';
import { readIdentity } from './log/stored-message.js';
import type { NewMessage } from './log/topic-log.js';
import type { ReceiveRequest } from './receiving/receiving.js';
import type { Delivery } from './receiving/subscription.js';
import type { Store } from './store.js';
import { FieldWriter } from './wire.js';

export const TOPIC = 'pay-core-transfer-completed';
export const GROUP = 'cg-sms-notify';
export const INVISIBLE_MS = 10_000;
export const CONSUMER = { group: GROUP, topic: TOPIC, client: 'sms/client-1' };

export function request(options: Partial<ReceiveRequest> = {}): ReceiveRequest {
  return {
    ...CONSUMER,
    filter: tags('*'),
    messagesMax: 32,
    invisibleMs: INVISIBLE_MS,
    autoRenew: false,
    waitMs: 0,
    ...options,
  };
}

export function tags(expression: string): MessageFilter {
  return parseMessageFilter({ type: 'tag', expression });
}

/** A message with a key of its own, for sending. */
export function newMessage(messageId: string, tag = '', messageGroup = ''): NewMessage {
  const keys = [`key-${messageId}`];
  const writer = new FieldWriter(Buffer.alloc(200));
  writer.asciiField(2, keys[0] ?? '');
  writer.asciiField(3, messageId);
  const system = writer.bytes.subarray(0, writer.position);
  const stored = { tag, messageGroup, deadLetterOf: '', onlyGroup: '', system, rest: Buffer.from([]) };
  return { messageId, keys, stored };
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
