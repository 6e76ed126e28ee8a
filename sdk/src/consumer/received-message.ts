import { gunzipSync } from 'node:zlib';
import { limits, type MessageMetadata, NomosError, ownProperties, readMetadata } from '@nomos/schemas';
import type { Message } from '../message.js';
import type { DeliveredMessage } from '../transport/delivered-message.js';

/** A delivered message in the form that handlers get. */
export class ReceivedMessage implements Message {
  readonly #delivered: DeliveredMessage;
  #body: Uint8Array | undefined;

  constructor(delivered: DeliveredMessage) {
    this.#delivered = delivered;
  }

  get id(): string {
    return this.#delivered.messageId;
  }

  get topic(): string {
    return this.#delivered.topic;
  }

  get key(): string | undefined {
    return this.#delivered.keys[0];
  }

  get keys(): readonly string[] {
    return this.#delivered.keys;
  }

  get tag(): string | undefined {
    return this.#delivered.tag;
  }

  get body(): Uint8Array {
    this.#body ??= this.#unpacked();
    return this.#body;
  }

  text(): string {
    const { body } = this;
    return Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8');
  }

  json<Body = unknown>(): Body {
    try {
      return JSON.parse(this.text()) as Body;
    } catch (cause) {
      if (cause instanceof NomosError) throw cause;
      throw new NomosError('MESSAGE_ILLEGAL', `The body of the message ${this.id} is no JSON.`, {
        fix: 'Read it with text() or body, or have its producer send JSON.',
        cause,
      });
    }
  }

  get properties(): Readonly<Record<string, string>> {
    return ownProperties(this.#delivered.properties);
  }

  get metadata(): MessageMetadata {
    const { id, topic, keys, bornAt } = this;
    const { traceContext, properties } = this.#delivered;
    return readMetadata({
      ...{ messageId: id, topic, keys, properties },
      ...(bornAt === undefined ? {} : { bornAt }),
      ...(traceContext === undefined ? {} : { traceContext }),
    });
  }

  get deliveryAttempt(): number {
    return this.#delivered.deliveryAttempt;
  }

  get bornAt(): Date | undefined {
    const { bornAtMs } = this.#delivered;
    return bornAtMs === undefined ? undefined : new Date(bornAtMs);
  }

  get queueId(): number {
    return this.#delivered.queueId;
  }

  get offset(): number {
    return this.#delivered.offset;
  }

  /** Some clients of other languages compress large bodies. */
  #unpacked(): Uint8Array {
    const { body, isCompressed } = this.#delivered;
    if (!isCompressed) return body;
    try {
      return gunzipSync(body, { maxOutputLength: limits.messageBodyBytes });
    } catch (cause) {
      throw new NomosError('MESSAGE_ILLEGAL', `The body of the message ${this.id} cannot be unpacked.`, {
        fix: 'Have its producer send it again; the body is damaged, or larger than a message may be.',
        cause,
      });
    }
  }
}
