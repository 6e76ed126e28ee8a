import type { RetryPolicy, TopicMessageType } from '@nomos/schemas';
import type { EngineCapability, GroupNeed, Row, SubscriptionNeed, TopicNeed } from './row.js';

/** Long enough for a slow machine, short enough that a hanging client does not hold up the rest. */
const LIMIT_SECONDS = 60;
/** Messages of a push consumer are invisible for 60 s and renewed; the check-back of RocketMQ comes after 30 s. */
const LONG_LIMIT_SECONDS = 180;

const quickRetry: RetryPolicy = { maxAttempts: 3, delaysMs: [1_000, 2_000] };

type Rest = Partial<Row>;

function topics(type: TopicMessageType = 'NORMAL'): { main: TopicNeed } {
  return { main: { type } };
}

function group(expression = '*', type: SubscriptionNeed['filter']['type'] = 'tag'): GroupNeed {
  return { subscriptions: [{ topic: 'main', filter: { type, expression } }] };
}

/** A row with one topic and one group on it, but for what `rest` says. */
function row(feature: string, rest: Rest = {}): Row {
  return { feature, topics: topics(), groups: { main: group() }, limitSeconds: LIMIT_SECONDS, ...rest };
}

function sending(feature: string, rest: Rest = {}): Row {
  return row(feature, { groups: {}, ...rest });
}

const ordered: Rest = { topics: topics('FIFO') };
const delayed: Rest = { topics: topics('DELAY') };
const transactional: Rest = { topics: topics('TRANSACTION') };
const retried: Rest = { groups: { main: { ...group(), retry: quickRetry }, reader: { subscriptions: [] } } };
const slow: Rest = { limitSeconds: LONG_LIMIT_SECONDS };
const governed: Rest & { requires: EngineCapability } = { requires: 'registration' };
const independent: Rest & { requires: EngineCapability } = { requires: 'independent-message-groups' };

/** Every feature, by the id under which the client programs know it. */
export const rows = {
  'send-receive': row('send and receive: id, body, keys, tag and properties intact'),
  'send-async': row('asynchronous sends, 200 at a time, all arrive once'),
  'long-poll': row('a waiting receive is answered as soon as a message arrives'),
  'receive-nothing': row('a receive without a message ends empty, after its time'),

  'fifo-push': row('FIFO: order within each message group, push consumer', ordered),
  'fifo-simple': row('FIFO: order within each message group, simple consumer', ordered),
  'fifo-blocked-push': row('FIFO: a failing message holds up its group only, push consumer', {
    ...ordered,
    ...retried,
    ...independent,
  }),
  'fifo-blocked-simple': row('FIFO: an unacknowledged message holds up its group only, simple consumer', {
    ...ordered,
    ...independent,
  }),
  'fifo-dead-letter': row('FIFO: after the last attempt a message is dead and its group goes on', {
    ...ordered,
    ...retried,
  }),

  'delay-on-time': row('delayed messages come when due: never early, hardly late', delayed),
  'delay-past': row('a delivery time in the past is immediate', delayed),
  'delay-too-far': sending('a delivery time too far ahead is refused: ILLEGAL_DELIVERY_TIME', delayed),
  recall: row('a delayed message is recalled and never comes', delayed),
  'recall-unknown': sending('a broken recall handle is refused', delayed),

  'transaction-commit': row('transaction: invisible until committed', transactional),
  'transaction-rollback': row('transaction: rolled back, never seen', transactional),
  'transaction-check': row('transaction: check-back to the sender decides', { ...transactional, ...slow }),
  'transaction-orphan': row('transaction: the sender is killed, another producer is asked', {
    ...transactional,
    ...slow,
  }),

  'filter-tag': row('filter: one tag', { groups: { main: group('OUT') } }),
  'filter-tags': row('filter: a || b', { groups: { main: group('OUT || FEE') } }),
  'filter-sql': row('filter: SQL92 on properties and tag', {
    groups: { main: group("amount > 1000 AND region IN ('north','south') AND TAGS = 'OUT'", 'sql') },
  }),
  'filter-syntax': row('filter: an SQL92 syntax error is refused: ILLEGAL_FILTER_EXPRESSION'),

  'push-retry': row('push: a failed message comes again after the back-off, attempts counted', retried),
  'dead-letters': row('push: after the last attempt %DLQ%group holds id, keys, tag and body', retried),
  'push-many': row('push: 1,000 messages are handled once each'),

  'simple-ack': row('simple: what is acknowledged does not come again; acknowledging twice is no error'),
  'simple-redelivery': row('simple: what is not acknowledged comes again, attempts counted'),
  'simple-extend': row('simple: a longer invisible duration holds, its new handle acknowledges'),
  'simple-shorten': row('simple: a shorter invisible duration brings the message back sooner'),
  'simple-expired': row('simple: an expired handle is refused: INVALID_RECEIPT_HANDLE'),
  'simple-batch': row('simple: a receive of 100 gives at most 32, and all in the end'),
  'simple-invisible-limits': row(
    'simple: an invisible duration below 10 s is refused: ILLEGAL_INVISIBLE_TIME',
  ),

  'group-shares': row('two instances of a group share the load, nothing twice'),
  'group-instance-dies': row('an instance is killed while it holds messages, the other gets them', slow),
  'groups-get-all': row('two groups get every message each', { groups: { main: group(), other: group() } }),

  'limit-body': row('limit: a body of 4 MiB passes intact, a byte more is refused'),
  'limit-empty-body': sending('limit: an empty body is refused: MESSAGE_BODY_EMPTY'),
  'limit-tag': sending('limit: an illegal tag is refused: ILLEGAL_MESSAGE_TAG'),
  'limit-key': sending('limit: an illegal key is refused: ILLEGAL_MESSAGE_KEY'),
  'limit-property': sending('limit: an illegal property is refused: ILLEGAL_MESSAGE_PROPERTY_KEY'),
  'limit-properties': sending(
    'limit: more than 128 properties or 16 KiB are refused: MESSAGE_PROPERTIES_TOO_LARGE',
  ),
  'limit-message-group': sending(
    'limit: a message group of 64 bytes is refused: ILLEGAL_MESSAGE_GROUP',
    ordered,
  ),
  'unknown-topic': sending('an unknown topic is refused: TOPIC_NOT_FOUND', {
    topics: { main: { type: 'NORMAL', standing: 'unregistered' } },
  }),
  'unknown-group': row('an unknown consumer group is refused', {
    groups: { main: { ...group(), standing: 'unregistered' } },
  }),
  'type-mismatch': sending('a message of another type than its topic is refused', ordered),

  'wrong-secret': sending('access: a wrong secret is refused: UNAUTHORIZED'),
  'unknown-access-key': sending('access: an unknown access key is refused: UNAUTHORIZED'),
  'no-credentials': sending('access: a client without credentials is refused: UNAUTHORIZED'),
  'foreign-topic': sending("governed: a topic that is not the application's own is refused: FORBIDDEN", {
    ...governed,
    topics: { main: { type: 'NORMAL', standing: 'foreign' } },
  }),
  'foreign-group': row('governed: a group of another application is refused', {
    ...governed,
    groups: { main: { ...group(), standing: 'foreign' } },
  }),
  'unregistered-filter': row('governed: a filter other than the registered one is refused', {
    ...governed,
    groups: { main: group('OUT') },
  }),
  'unregistered-subscription': row('governed: a topic to which the group has no subscription is refused', {
    ...governed,
    groups: { main: { subscriptions: [] } },
  }),

  tls: row('TLS: send, push and simple receive'),
  plaintext: row('plaintext: send, push and simple receive'),
  close: row('producer, push and simple consumer close in good time'),
} as const satisfies Record<string, Row>;

export type RowId = keyof typeof rows;
export const rowIds = Object.keys(rows) as RowId[];
