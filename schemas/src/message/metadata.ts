/**
 * The governance metadata of a message, and how it maps to RocketMQ. Only what cannot be derived from the
 * message's own fields travels as a user property; the CloudEvents 1.0 attributes `id`, `type`, `subject`
 * and `time` are RocketMQ's message id, topic, first key and born timestamp, and W3C trace context has a
 * field of its own (`SystemProperties.trace_context`).
 */
export const metadataProperties = {
  application: 'nomos_app',
  producerGroup: 'nomos_group',
  norm: 'nomos_norm',
  sdk: 'nomos_sdk',
  businessId: 'nomos_business_id',
  contentType: 'ce_datacontenttype',
  /** Of messages of a topic with the same one only the first is stored, within the topic's window. */
  deduplicationId: 'nomos_deduplication_id',
  /** Of a resent message: the id of the one that was sent in the first place. */
  resentFrom: 'nomos_resent_from',
  /** Of a resent message: when it was resent, as an ISO 8601 time. */
  resentAt: 'nomos_resent_at',
  /** Of a message that is resent for the second time or more: the id of the repetition before. */
  resentOf: 'nomos_resent_of',
} as const;

/** Only the broker says of a message that it is resent; such a property of a sender is refused. */
export const provenancePropertyPrefix = 'nomos_resent_';

/** Prefixes of properties that only Nomos sets; a caller's own property may not start with one. */
export const reservedPropertyPrefixes = ['nomos_', 'ce_'] as const;

/** What an application may read of a received message, beside its body and its own properties. */
export interface MessageMetadata {
  readonly specVersion: '1.0';
  /** The message id; CloudEvents `id`. */
  readonly id: string;
  /** CloudEvents `source`: `urn:nomos:<application>`, or `urn:rocketmq:unknown` for a foreign message. */
  readonly source: string;
  /** The topic; CloudEvents `type`. */
  readonly type: string;
  /** The first key; CloudEvents `subject`. */
  readonly subject?: string;
  /** When the producer made the message. */
  readonly time?: Date;
  readonly dataContentType?: string;
  /** W3C `traceparent`. */
  readonly traceparent?: string;
  readonly application?: string;
  readonly producerGroup?: string;
  /** The norm in force at the sender, as `name@version`. */
  readonly norm?: string;
  readonly sdk?: string;
  readonly businessId?: string;
}

/** The parts of a RocketMQ message that metadata is read from. */
export interface MetadataSource {
  readonly messageId: string;
  readonly topic: string;
  readonly keys: readonly string[];
  readonly bornAt?: Date;
  readonly traceContext?: string;
  readonly properties: Readonly<Record<string, string>>;
}

/** Reads the metadata of any message; one that a raw client sent gets what can be known. */
export function readMetadata(message: MetadataSource): MessageMetadata {
  const property = (name: string) => message.properties[name] || undefined;
  const application = property(metadataProperties.application);
  return withoutUndefined({
    specVersion: '1.0' as const,
    id: message.messageId,
    source: application === undefined ? 'urn:rocketmq:unknown' : `urn:nomos:${application}`,
    type: message.topic,
    subject: message.keys[0],
    time: message.bornAt,
    dataContentType: property(metadataProperties.contentType),
    traceparent: message.traceContext || undefined,
    application,
    producerGroup: property(metadataProperties.producerGroup),
    norm: property(metadataProperties.norm),
    sdk: property(metadataProperties.sdk),
    businessId: property(metadataProperties.businessId),
  });
}

/** The caller's own properties of a message: all but those that Nomos stamped. */
export function ownProperties(properties: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(properties).filter(([name]) => !isReservedProperty(name)));
}

/** Tells whether only Nomos may set a property of this name. */
export function isReservedProperty(name: string): boolean {
  return reservedPropertyPrefixes.some((prefix) => name.startsWith(prefix));
}

type Defined<T> = { [K in keyof T]: Exclude<T[K], undefined> };

function withoutUndefined<T extends object>(object: T): Defined<T> {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as Defined<T>;
}
