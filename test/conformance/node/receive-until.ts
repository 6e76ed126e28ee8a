import type { MessageView, SimpleConsumer } from 'rocketmq-client-nodejs';

const INVISIBLE_MS = 30_000;
const BATCH = 32;

/** Receives and acknowledges until so many messages came; throws when the time is over. */
export async function receiveUntil(
  consumer: SimpleConsumer,
  count: number,
  timeoutMs = 30_000,
): Promise<MessageView[]> {
  const endsAtMs = Date.now() + timeoutMs;
  const received: MessageView[] = [];
  while (received.length < count) {
    if (Date.now() > endsAtMs) {
      throw new Error(`only ${received.length} of ${count} messages came within ${timeoutMs} ms`);
    }
    const messages = await consumer.receive(BATCH, INVISIBLE_MS);
    await Promise.all(messages.map((message) => consumer.ack(message)));
    received.push(...messages);
  }
  return received;
}

/** The next message, not acknowledged. */
export async function receiveOne(
  consumer: SimpleConsumer,
  invisibleMs = INVISIBLE_MS,
  timeoutMs = 20_000,
): Promise<MessageView> {
  const endsAtMs = Date.now() + timeoutMs;
  while (Date.now() < endsAtMs) {
    const [message] = await consumer.receive(1, invisibleMs);
    if (message !== undefined) return message;
  }
  throw new Error(`no message came within ${timeoutMs} ms`);
}

/** Throws if a message comes within the time. */
export async function receiveNone(consumer: SimpleConsumer, forMs: number): Promise<void> {
  const endsAtMs = Date.now() + forMs;
  while (Date.now() < endsAtMs) {
    const [message] = await consumer.receive(1, INVISIBLE_MS);
    if (message !== undefined) throw new Error(`"${message.body}" came, which should not`);
  }
}
