export { type Code, type Logger, type MessageMetadata, NomosError, type Violation } from '@nomos/schemas';
export type { Idempotence, IdempotenceKey } from './consumer/apply-once.js';
export type {
  CloseReport,
  Consumer,
  ConsumerOptions,
  ConsumerStats,
  HandlerContext,
  UnfinishedMessage,
} from './consumer/consumer.js';
export {
  type SqlExpression,
  type Subscriptions,
  sql,
  type TagExpression,
  tag,
} from './consumer/subscription.js';
export type { IdempotenceEntry } from './idempotence/entry.js';
export type { Inbox, InboxAnswer } from './idempotence/inbox.js';
export type { Attempts, Claim, ClaimAnswer, LeaseStore } from './idempotence/lease-store.js';
export { type MemoryStoreOptions, memoryStore } from './idempotence/memory-store.js';
export {
  type PostgresInbox,
  type PostgresInboxOptions,
  postgresInbox,
} from './idempotence/postgres-inbox.js';
export type { PostgresClient, PostgresPool, PostgresResult } from './idempotence/postgres-pool.js';
export { ensureIdempotenceSchema, idempotenceSchemaSql } from './idempotence/postgres-schema.js';
export {
  type PostgresStore,
  type PostgresStoreOptions,
  postgresStore,
} from './idempotence/postgres-store.js';
export type { Message, OutgoingMessage, Receipt } from './message.js';
export { type ConnectOptions, type Health, Nomos } from './nomos.js';
export type { Producer, ProducerOptions } from './producer/producer.js';
export { sdkVersion } from './sdk-version.js';
