import { apache, byteLength } from '@nomos/schemas';
import { fieldLength, varintLength, WireWriter } from './wire-writer.js';

const { Encoding, Message, MessageType } = apache.rocketmq.v2;

/** Field numbers of SendMessageRequest, Message and SystemProperties (service.proto, definition.proto). */
const MESSAGES = 1;
const USER_PROPERTIES = 2;
const SYSTEM_PROPERTIES = 3;
const BODY = 4;
const TAG = 1;
const KEYS = 2;
const MESSAGE_ID = 3;
const BORN_TIMESTAMP = 7;
/** From field 16 on, a field's head takes a byte more. */
const TRACE_CONTEXT = 18;

/** What of a message differs from the one before it. */
export interface EncodableMessage {
  /** ASCII. */
  readonly messageId: string;
  readonly bornAtMs: number;
  readonly tag?: string | undefined;
  readonly keys: readonly string[];
  readonly traceContext?: string | undefined;
  /** Properties beside those that are the same for all messages. */
  readonly properties: readonly (readonly [name: string, value: string])[];
  readonly body: Uint8Array;
}

/**
 * Encodes messages of one topic as entries of a SendMessageRequest, so that a request is nothing but entries one
 * after the other. What is the same in all messages is encoded once: the encoding of messages is what a
 * producer's rate is limited by.
 */
export class MessageEncoder {
  readonly #constants: Uint8Array;
  readonly #systemConstants: Uint8Array;

  constructor(topic: string, constantProperties: Readonly<Record<string, string>>, bornHost: string) {
    const userProperties = { ...constantProperties };
    this.#constants = Message.encode({ topic: { name: topic }, userProperties }).finish();
    const system = { messageType: MessageType.NORMAL, bodyEncoding: Encoding.IDENTITY, bornHost };
    this.#systemConstants = apache.rocketmq.v2.SystemProperties.encode(system).finish();
  }

  /** The message as a field of a SendMessageRequest. */
  encode(message: EncodableMessage): Buffer {
    const { properties, body } = message;
    const systemLength = this.#systemLength(message);
    let length = this.#constants.length + fieldLength(systemLength) + fieldLength(body.length);
    for (const [name, value] of properties) length += fieldLength(propertyLength(name, value));
    const writer = new WireWriter(fieldLength(length));
    writer.head(MESSAGES, length);
    writer.copy(this.#constants);
    for (const [name, value] of properties) {
      writer.head(USER_PROPERTIES, propertyLength(name, value));
      writer.textField(1, name, byteLength(name));
      writer.textField(2, value, byteLength(value));
    }
    writer.head(SYSTEM_PROPERTIES, systemLength);
    this.#writeSystem(writer, message);
    writer.head(BODY, body.length);
    writer.copy(body);
    return writer.bytes;
  }

  #systemLength({ messageId, bornAtMs, tag, keys, traceContext }: EncodableMessage): number {
    let length = this.#systemConstants.length + fieldLength(messageId.length);
    length += fieldLength(timestampLength(bornAtMs));
    if (tag !== undefined) length += fieldLength(byteLength(tag));
    for (const key of keys) length += fieldLength(byteLength(key));
    if (traceContext !== undefined) length += 1 + fieldLength(byteLength(traceContext));
    return length;
  }

  #writeSystem(writer: WireWriter, message: EncodableMessage): void {
    const { messageId, bornAtMs, tag, keys, traceContext } = message;
    if (tag !== undefined) writer.textField(TAG, tag, byteLength(tag));
    for (const key of keys) writer.textField(KEYS, key, byteLength(key));
    writer.textField(MESSAGE_ID, messageId, messageId.length);
    writer.head(BORN_TIMESTAMP, timestampLength(bornAtMs));
    writer.varintField(1, Math.floor(bornAtMs / 1000));
    writer.varintField(2, nanosOf(bornAtMs));
    writer.copy(this.#systemConstants);
    if (traceContext !== undefined) writer.textField(TRACE_CONTEXT, traceContext, byteLength(traceContext));
  }
}

function propertyLength(name: string, value: string): number {
  return fieldLength(byteLength(name)) + fieldLength(byteLength(value));
}

function timestampLength(timeMs: number): number {
  return 2 + varintLength(Math.floor(timeMs / 1000)) + varintLength(nanosOf(timeMs));
}

function nanosOf(timeMs: number): number {
  return (timeMs % 1000) * 1_000_000;
}
