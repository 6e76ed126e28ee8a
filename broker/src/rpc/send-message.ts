import { apache, checkMessageLimits, limits, NomosError } from '@nomos/schemas';
import { brokerLimits } from '../core/broker-limits.js';
import { FieldScanner, WireError } from '../core/wire.js';
import type { BrokerServices } from './broker-services.js';
import { type CallContext, clientIdOf } from './call-context.js';
import { toNewMessage } from './new-message.js';
import { topicName } from './resource-name.js';
import { messageTypeOf } from './route.js';
import { ScannedMessage } from './scan-message.js';
import { OK, requestRefused, type Status, statusOf } from './status.js';

const { Code, MessageType, Message, SendMessageResponse } = apache.rocketmq.v2;

interface Entry {
  readonly status: Status;
  readonly messageId: string;
  readonly offset: number;
}

/** Stores messages of one topic; each has its own result, and those accepted are durable when the answer goes out. */
export async function sendMessage(
  services: BrokerServices,
  request: Buffer,
  context: CallContext,
): Promise<Buffer> {
  clientIdOf(context);
  const messages = scanRequest(request);
  const topic = topicOf(messages);
  await services.edge.admit(context.metadata, (caller) => caller.assertMayPublish(topic));
  const refusals = messages.map((message) => refusalOf(services, topic, message));
  const accepted = messages.filter((_, index) => refusals[index] === undefined);
  const offsets = accepted.length > 0 ? await append(services, topic, accepted, context.peer) : [];
  let next = 0;
  const entries = messages.map(({ messageId }, index): Entry => {
    const refusal = refusals[index];
    if (refusal !== undefined) return { status: statusOf(refusal), messageId, offset: 0 };
    return { status: OK, messageId, offset: offsets[next++] ?? 0 };
  });
  return Buffer.from(SendMessageResponse.encode({ status: statusOfAll(entries), entries }).finish());
}

async function append(
  services: BrokerServices,
  topic: string,
  messages: readonly ScannedMessage[],
  peer: string,
): Promise<readonly number[]> {
  const nowMs = services.clock.now();
  const created = messages.map((message) => toNewMessage(message, nowMs, peer));
  return (await services.core.append(topic, messages[0]?.queueId, created)).offsets;
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
  const registered = services.edge.catalog.topic(topic)?.messageType ?? 'NORMAL';
  const type = typeOf(message);
  if (type !== messageTypeOf(registered)) {
    const text = `The topic "${topic}" takes ${registered} messages, not ${MessageType[type] ?? type}.`;
    return new NomosError('MESSAGE_TYPE_MISMATCH', text);
  }
  if (type === MessageType.NORMAL) return undefined;
  return new NomosError('NOT_SUPPORTED', `This broker does not take ${registered} messages yet.`, {
    fix: 'Use a topic of type NORMAL, or an engine that offers the type.',
  });
}

/** The type that the message's properties mean, as Apache's proxy infers it. */
function typeOf(message: ScannedMessage): apache.rocketmq.v2.MessageType {
  const declared: apache.rocketmq.v2.MessageType = message.messageType;
  if (declared === MessageType.TRANSACTION) return declared;
  if (message.hasDeliveryTimestamp) return MessageType.DELAY;
  if (message.hasMessageGroup) return MessageType.FIFO;
  return declared === MessageType.MESSAGE_TYPE_UNSPECIFIED ? MessageType.NORMAL : declared;
}

function statusOfAll(entries: readonly Entry[]): Status {
  const first = entries[0]?.status ?? OK;
  if (entries.every(({ status }) => status.code === first.code)) return first;
  return { code: Code.MULTIPLE_RESULTS, message: 'see each entry' };
}
