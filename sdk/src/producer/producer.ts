import { hostname } from 'node:os';
import { type Logger, metadataProperties, NomosError } from '@nomos/schemas';
import { guardMessage, guardTopic } from '../guards/guard-message.js';
import type { CurrentRules, Rules } from '../guards/rules.js';
import type { OutgoingMessage, Receipt } from '../message.js';
import { requireFields } from '../options.js';
import { sdkName } from '../sdk-version.js';
import type { ProducerIntent } from '../session/manifest.js';
import type { Session } from '../session/session.js';
import type { BrokerClient } from '../transport/broker-client.js';
import { MessageEncoder } from '../transport/encode-message.js';
import { Presence } from '../transport/presence.js';
import { Routes } from '../transport/routes.js';
import { sendMessages } from '../transport/send-messages.js';
import { type ContentType, encodeBody } from './encode-body.js';
import type { MessageIds } from './message-ids.js';
import { SendEntry } from './send-entry.js';
import { type Outlet, Sender } from './sender.js';

const MESSAGE_FIELDS = new Set([
  ...['topic', 'key', 'keys', 'tag', 'body', 'properties', 'businessId', 'traceparent'],
]);

export interface ProducerOptions {
  /** A producer group that is registered for the application. */
  readonly group: string;
  /** Topics to publish to; all that the application may publish to when left out. */
  readonly topics?: readonly string[];
  /** How long a send may take in all, repeats included, in milliseconds; 10 seconds by default. */
  readonly timeoutMs?: number;
}

/** Sends messages of one producer group. Made by `Nomos.producer`. */
export interface Producer {
  readonly group: string;
  /**
   * Sends a message; resolves once the broker has it on disk. A failure that may pass is repeated with the same
   * message id until the time limit. Rejects with NAME_ILLEGAL, TOPIC_NOT_GRANTED, MESSAGE_TYPE_MISMATCH or
   * MESSAGE_ILLEGAL before anything is sent; with TIMEOUT when it is unknown whether the message is stored; with
   * CLOSED after `close`.
   */
  send(message: OutgoingMessage): Promise<Receipt>;
  /** Waits until every send is settled, which takes no longer than their time limit, then says goodbye. */
  close(options?: { readonly timeoutMs?: number }): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

export interface ProducerParts {
  readonly client: BrokerClient;
  readonly session: Session;
  readonly rules: CurrentRules;
  readonly ids: MessageIds;
  readonly intent: ProducerIntent;
  readonly timeoutMs: number;
  readonly log: Logger;
  onClosed(producer: Producer): void;
}

/** What is the same for all messages of one topic and content type, under one norm. */
interface Stamp {
  readonly properties: Readonly<Record<string, string>>;
  readonly encoder: MessageEncoder;
}

export class NomosProducer implements Producer {
  readonly group: string;
  readonly #parts: ProducerParts;
  readonly #routes: Routes;
  readonly #presence: Presence;
  readonly #sender: Sender;
  #stamps = new Map<string, Stamp>();
  #stampedRules: Rules | undefined;
  #closing: Promise<void> | undefined;

  constructor(parts: ProducerParts) {
    this.#parts = parts;
    this.group = parts.intent.group;
    this.#routes = new Routes(parts.client, () => parts.session.admitted.admission.endpoints);
    const publishing = () => ({ publishing: { topics: this.#grantedTopics().map((name) => ({ name })) } });
    this.#presence = new Presence(parts.client, publishing, undefined, parts.log);
    this.#sender = new Sender(this.#outlet(), parts.timeoutMs);
  }

  send(message: OutgoingMessage): Promise<Receipt> {
    try {
      const entry = this.#prepare(message);
      this.#sender.add(entry);
      return entry.receipt;
    } catch (error) {
      return Promise.reject(error);
    }
  }

  close({ timeoutMs = this.#parts.timeoutMs }: { readonly timeoutMs?: number } = {}): Promise<void> {
    this.#closing ??= this.#close(timeoutMs);
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(timeoutMs: number): Promise<void> {
    const timer = setTimeout(() => this.#sender.expireAll(), timeoutMs);
    await this.#sender.idle();
    clearTimeout(timer);
    await this.#presence.close();
    this.#parts.onClosed(this);
  }

  #grantedTopics(): readonly string[] {
    const { claims } = this.#parts.session.admitted;
    return claims.producers.find(({ group }) => group === this.group)?.topics ?? [];
  }

  #prepare(message: OutgoingMessage): SendEntry {
    if (this.#closing !== undefined)
      throw new NomosError('CLOSED', `The producer "${this.group}" is closed.`);
    requireFields('fields of a message', message, MESSAGE_FIELDS);
    const rules = this.#parts.rules.now;
    const topic = guardTopic(rules, this.group, message.topic);
    const body = encodeBody(message.body);
    const stamp = this.#stamp(rules, message.topic, body.contentType);
    const { keys, properties } = guardMessage(
      rules,
      topic,
      message,
      body.bytes.length,
      stampOf(stamp, message),
    );
    const nowMs = Date.now();
    const messageId = this.#parts.ids.next(nowMs);
    const { tag, traceparent: traceContext, businessId } = message;
    const bytes = stamp.encoder.encode({
      ...{ messageId, bornAtMs: nowMs, tag, keys, traceContext, body: body.bytes },
      properties:
        businessId === undefined ? properties : [...properties, [metadataProperties.businessId, businessId]],
    });
    return new SendEntry(message.topic, messageId, bytes, nowMs + this.#parts.timeoutMs);
  }

  #stamp(rules: Rules, topic: string, contentType: ContentType): Stamp {
    if (rules !== this.#stampedRules) {
      this.#stamps = new Map();
      this.#stampedRules = rules;
    }
    const key = `${topic} ${contentType}`;
    let stamp = this.#stamps.get(key);
    if (stamp === undefined) {
      const properties = {
        [metadataProperties.application]: this.#parts.session.identity.application,
        [metadataProperties.producerGroup]: this.group,
        [metadataProperties.norm]: rules.norm.id,
        [metadataProperties.sdk]: sdkName,
        [metadataProperties.contentType]: contentType,
      };
      stamp = { properties, encoder: new MessageEncoder(topic, properties, hostname()) };
      this.#stamps.set(key, stamp);
    }
    return stamp;
  }

  #outlet(): Outlet {
    const { client, log } = this.#parts;
    return {
      send: async (topic, messages, timeoutMs) => {
        const target = await this.#routes.pick(topic);
        // Sending does not wait for the settings, and a refusal of them comes with the send's own answer.
        this.#presence.keepAt(target).catch((error: unknown) => {
          log.debug(
            { code: NomosError.from(error).code, target },
            'the settings of the producer were refused',
          );
        });
        return sendMessages(client, target, messages, timeoutMs);
      },
      failed: (topic) => this.#routes.refresh(topic),
    };
  }
}

/** The properties that the SDK adds to this message. */
function stampOf({ properties }: Stamp, { businessId }: OutgoingMessage): Readonly<Record<string, string>> {
  if (typeof businessId !== 'string') return properties;
  return { ...properties, [metadataProperties.businessId]: businessId };
}
