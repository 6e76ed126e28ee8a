import type { MessageMetadata } from '@nomos/schemas';

/** A message to send. */
export interface OutgoingMessage {
  readonly topic: string;
  /** What the message is about, for instance an order's number; most norms require it. */
  readonly key?: string;
  /** Further keys by which the message can be found. */
  readonly keys?: readonly string[];
  /** The word that consumers filter by. */
  readonly tag?: string;
  /** Bytes go as they are, text as UTF-8, anything else as JSON. */
  readonly body: unknown;
  /** The application's own properties. */
  readonly properties?: Readonly<Record<string, string>>;
  /** The id of the business transaction that the message belongs to. */
  readonly businessId?: string;
  /** W3C trace context. */
  readonly traceparent?: string;
}

/** What is known of a message once it is stored. */
export interface Receipt {
  readonly messageId: string;
  readonly topic: string;
  /** Where the message stands in its queue; absent if the server does not say it for each message of a batch. */
  readonly offset?: number;
}

/** A message as a handler gets it. */
export interface Message {
  readonly id: string;
  readonly topic: string;
  /** The first key. */
  readonly key: string | undefined;
  readonly keys: readonly string[];
  readonly tag: string | undefined;
  /** The body as it was sent. Throws MESSAGE_ILLEGAL if it was sent compressed and cannot be unpacked. */
  readonly body: Uint8Array;
  /** The body as UTF-8 text. */
  text(): string;
  /** The body as JSON; the type is the caller's claim. Throws MESSAGE_ILLEGAL if the body is no JSON. */
  json<Body = unknown>(): Body;
  /** The sender's own properties. */
  readonly properties: Readonly<Record<string, string>>;
  /** Who sent it, under which norm, and what else the sender's SDK stamped. */
  readonly metadata: MessageMetadata;
  /** 1 at the first delivery. */
  readonly deliveryAttempt: number;
  /** When the producer made the message. */
  readonly bornAt: Date | undefined;
  readonly queueId: number;
  readonly offset: number;
}
