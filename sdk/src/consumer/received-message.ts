import { gunzipSync } from 'node:zlib';
import {
  apache,
  limits,
  type MessageMetadata,
  NomosError,
  ownProperties,
  readMetadata,
} from '@nomos/schemas';
import type { Message } from '../message.js';
import { milliseconds } from '../transport/duration.js';

const { Encoding } = apache.rocketmq.v2;
const NOTHING = new Uint8Array();
const NO_SYSTEM: apache.rocketmq.v2.ISystemProperties = {};

/** A message as the broker delivered it. What few handlers look at is worked out when it is asked for. */
export class ReceivedMessage implements Message {
  readonly id: string;
  readonly topic: string;
  readonly keys: readonly string[];
  readonly deliveryAttempt: number;
  readonly #message: apache.rocketmq.v2.IMessage;
  readonly #system: apache.rocketmq.v2.ISystemProperties;
  #body: Uint8Array | undefined;

  constructor(message: apache.rocketmq.v2.IMessage) {
    this.#message = message;
    this.#system = message.systemProperties ?? NO_SYSTEM;
    this.id = this.#system.messageId ?? '';
    this.topic = message.topic?.name ?? '';
    this.keys = this.#system.keys ?? [];
    this.deliveryAttempt = Math.max(1, this.#system.deliveryAttempt ?? 1);
  }

  get receiptHandle(): string {
    return this.#system.receiptHandle ?? '';
  }

  get key(): string | undefined {
    return this.keys[0];
  }

  get tag(): string | undefined {
    return this.#system.tag || undefined;
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
    return ownProperties(this.#message.userProperties ?? {});
  }

  get metadata(): MessageMetadata {
    const { id, topic, keys, bornAt } = this;
    const { traceContext } = this.#system;
    return readMetadata({
      messageId: id,
      topic,
      keys,
      ...(bornAt === undefined ? {} : { bornAt }),
      ...(traceContext ? { traceContext } : {}),
      properties: this.#message.userProperties ?? {},
    });
  }

  get businessId(): string | undefined {
    return this.metadata.businessId;
  }

  get bornAt(): Date | undefined {
    const timeMs = milliseconds(this.#system.bornTimestamp);
    return timeMs === undefined ? undefined : new Date(timeMs);
  }

  get queueId(): number {
    return this.#system.queueId ?? 0;
  }

  get offset(): number {
    return Number(this.#system.queueOffset ?? 0);
  }

  /** Some clients of other languages compress large bodies. */
  #unpacked(): Uint8Array {
    const body = this.#message.body ?? NOTHING;
    if (this.#system.bodyEncoding !== Encoding.GZIP) return body;
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
