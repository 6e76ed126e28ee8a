import { apache, checkMessageLimits, limits, NomosError, provenancePropertyPrefix } from '@nomos/schemas';
import { brokerLimits } from '../core/broker-limits.js';
import type { Sent } from '../core/sending/sending.js';
import { FieldScanner, WireError } from '../core/wire.js';
import type { BrokerServices } from './broker-services.js';
import { type CallContext, clientIdOf } from './call-context.js';
import { inferredType, toMessageToSend } from './new-message.js';
import { topicName } from './resource-name.js';
import { messageTypeOf } from './route.js';
import { ScannedMessage } from './scan-message.js';
import { OK, requestRefused, type Status, statusOf } from './status.js';

const { Code, MessageType, Message, SendMessageResponse } = apache.rocketmq.v2;

interface Entry {
  readonly status: Status;
  readonly messageId: string;
  readonly transactionId: string;
  readonly offset: number;
  readonly recallHandle: string;
}

/** Stores messages of one topic; each has its own result, and those accepted are durable when the answer goes out. */
export async function sendMessage(
  services: BrokerServices,
  request: Buffer,
  context: CallContext,
): Promise<Buffer> {
  const instance = clientIdOf(context);
  const messages = scanRequest(request);
  const topic = topicOf(messages);
  const { application, group } = await services.edge.admit(context.metadata, (caller) => {
    caller.assertMayPublish(topic);
    return { application: caller.application, group: caller.producerGroupOf(topic) };
  });
  const refusals = messages.map((message) => refusalOf(services, topic, message));
  const accepted = messages.filter((_, index) => refusals[index] === undefined);
  const sent =
    accepted.length > 0 ? await send(services, { topic, application }, accepted, context.peer) : [];
  services.usage.note({ kind: 'published', topic, group, application, instance }, sent.length);
  let next = 0;
  const entries = messages.map(({ messageId }, index): Entry => {
    const refusal = refusals[index];
    return refusal === undefined ? entryOf(sent[next++]) : refusedEntry(messageId, refusal);
  });
  return Buffer.from(SendMessageResponse.encode({ status: statusOfAll(entries), entries }).finish());
}

function entryOf(sent: Sent | undefined): Entry {
  if (sent === undefined) throw new Error('a message was stored without a receipt');
  const { messageId, transactionId = '', offset, recallHandle = '' } = sent;
  return { status: OK, messageId, transactionId, offset, recallHandle };
}

function refusedEntry(messageId: string, refusal: NomosError): Entry {
  return { status: statusOf(refusal), messageId, transactionId: '', offset: 0, recallHandle: '' };
}

async function send(
  services: BrokerServices,
  to: { readonly topic: string; readonly application: string },
  messages: readonly ScannedMessage[],
  peer: string,
): Promise<readonly Sent[]> {
  const nowMs = services.clock.now();
  const queue = messages[0]?.queueId;
  const toSend = messages.map((message) => toMessageToSend(message, nowMs, peer));
  return await services.core.sending.send({ ...to, queue, messages: toSend });
}

function scanRequest(request: Buffer): ScannedMessage[] {
  if (request.length > limits.sendBatchBytes) {
    const expected = `at most ${limits.sendBatchBytes} bytes in one call`;
    throw requestRefused('batch-size', `The call has ${request.length} bytes.`, expected);
  }
  const messages: ScannedMessage[] = [];
  try {
    const scanner = new FieldScanner(request);
    while (scanner.next()) {
      if (!scanner.isBytes(1)) continue;
      if (messages.length >= limits.sendBatchMessages) {
        const expected = `at most ${limits.sendBatchMessages} messages in one call`;
        throw requestRefused('batch-size', 'There are too many messages.', expected);
      }
      messages.push(new ScannedMessage(request.subarray(scanner.valueStart, scanner.valueEnd)));
    }
  } catch (error) {
    if (error instanceof WireError)
      throw requestRefused('messages', `A message cannot be decoded: ${error.message}.`);
    throw error;
  }
  return messages;
}

function topicOf(messages: readonly ScannedMessage[]): string {
  const [first] = messages;
  if (first === undefined) throw requestRefused('messages', 'There is no message.', 'at least one message');
  if (messages.some((message) => message.topic !== first.topic)) {
    throw requestRefused('messages', 'The messages have different topics.', 'messages of one topic');
  }
  return topicName({ name: first.topic });
}

/** Why this message is not accepted; undefined if it is. */
function refusalOf(services: BrokerServices, topic: string, message: ScannedMessage): NomosError | undefined {
  const { messageId } = message;
  if (messageId.trim() === '' || Buffer.byteLength(messageId) > brokerLimits.messageIdBytes) {
    const expected = `a message id of 1 to ${brokerLimits.messageIdBytes} bytes`;
    return requestRefused('message-id', 'The message id is blank or too long.', expected);
  }
  const { deduplicationId = 'none' } = message;
  const idBytes = Buffer.byteLength(deduplicationId);
  if (idBytes === 0 || idBytes > brokerLimits.deduplicationIdBytes) {
    const expected = `a deduplication id of 1 to ${brokerLimits.deduplicationIdBytes} bytes`;
    return requestRefused('deduplication-id', 'The deduplication id is empty or too long.', expected);
  }
  const extraBytes = Math.max(message.system.length, message.rest.length - message.body.length);
  if (extraBytes > brokerLimits.messageExtraBytes) {
    const expected = `at most ${brokerLimits.messageExtraBytes} bytes beside the body`;
    return requestRefused('message-extra', `The message has ${extraBytes} bytes beside its body.`, expected);
  }
  if (message.claimsProvenance) {
    const text = `The message "${messageId}" has a property that begins with "${provenancePropertyPrefix}".`;
    return requestRefused('provenance', text, 'properties without that prefix: only the broker sets them');
  }
  return (message.surelyLegal ? undefined : limitsRefusal(message)) ?? typeRefusal(services, topic, message);
}

function limitsRefusal(scanned: ScannedMessage): NomosError | undefined {
  const message = Message.decode(scanned.bytes);
  const violations = checkMessageLimits({
    bodyBytes: scanned.body.length,
    tag: message.systemProperties?.tag ?? undefined,
    keys: scanned.keys,
    messageGroup: message.systemProperties?.messageGroup ?? undefined,
    properties: message.userProperties,
  });
  if (violations.length === 0) return undefined;
  return new NomosError('MESSAGE_ILLEGAL', `The message "${scanned.messageId}" breaks a limit of RocketMQ.`, {
    violations,
  });
}

function typeRefusal(
  services: BrokerServices,
  topic: string,
  message: ScannedMessage,
): NomosError | undefined {
  const registered = services.edge.catalog.now.topics.get(topic)?.messageType ?? 'NORMAL';
  const type = inferredType(message);
  if (type !== messageTypeOf(registered)) {
    const text = `The topic "${topic}" takes ${registered} messages, not ${MessageType[type] ?? type}.`;
    return new NomosError('MESSAGE_TYPE_MISMATCH', text);
  }
  if (type === MessageType.FIFO && !message.hasMessageGroup) {
    const text = `The topic "${topic}" is ordered, and the message has no message group.`;
    const expected = 'a message group, for instance an account number';
    const violation = { rule: 'message-group', where: 'messageGroup', message: text, expected };
    return new NomosError('MESSAGE_ILLEGAL', text, { violations: [violation], fix: `Give ${expected}.` });
  }
  if (type === MessageType.DELAY) return delayRefusal(services, message);
  return undefined;
}

function delayRefusal(services: BrokerServices, { deliverAtMs }: ScannedMessage): NomosError | undefined {
  const latestMs = services.clock.now() + brokerLimits.deliveryDelayMs;
  if (deliverAtMs !== undefined && deliverAtMs <= latestMs) return undefined;
  const text =
    deliverAtMs === undefined ? 'The message has no delivery time.' : 'The delivery time is too far ahead.';
  return requestRefused('delivery-time', text, `a time at most ${brokerLimits.deliveryDelayMs} ms ahead`);
}

function statusOfAll(entries: readonly Entry[]): Status {
  const first = entries[0]?.status ?? OK;
  if (entries.every(({ status }) => status.code === first.code)) return first;
  return { code: Code.MULTIPLE_RESULTS, message: 'see each entry' };
}
