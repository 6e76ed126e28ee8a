import { parseTagFilter } from '@nomos/schemas';
import type { ReceiveRequest } from './broker-core.js';
import { readIdentity } from './stored-message.js';
import type { Delivery } from './subscription.js';
import type { NewMessage } from './topic-log.js';
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

/** Lets commits, also those of a real disk, come to an end. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 5));
}
