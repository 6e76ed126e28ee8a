import { apache, methods, NomosError } from '@nomos/schemas';
import type { BrokerClient } from './broker-client.js';
import { errorOfStatus } from './status.js';

const decoder = apache.rocketmq.v2.SendMessageResponse;

/** The result for one message of a batch. */
export interface SendResult {
  readonly error?: NomosError;
  readonly offset?: number;
}

/** Sends encoded messages of one topic in one call; the results are in the order of the messages. */
export async function sendMessages(
  client: BrokerClient,
  target: string,
  messages: readonly Buffer[],
  timeoutMs: number,
): Promise<SendResult[]> {
  const [first] = messages;
  const request = messages.length === 1 && first !== undefined ? first : Buffer.concat(messages);
  const call = { target, method: methods.sendMessage, decoder, timeoutMs };
  const { entries } = await client.call(call, request);
  // Apache's proxy answers a batch with one entry: it succeeds or fails as a whole (apache/rocketmq 11049).
  if (entries.length === 1 && messages.length > 1) {
    const error = errorOfStatus(entries[0]?.status);
    return messages.map(() => (error === undefined ? {} : { error }));
  }
  return messages.map((_, index): SendResult => {
    const entry = entries[index];
    if (entry === undefined) return { error: missing() };
    const error = errorOfStatus(entry.status);
    return error === undefined ? { offset: Number(entry.offset ?? 0) } : { error };
  });
}

function missing(): NomosError {
  return new NomosError('INTERNAL', 'The broker did not answer for each message of the batch.');
}
