/** What holds for a topic. */
export interface TopicTerms {
  readonly queues: number;
  /** Messages older than this are deleted. */
  readonly retentionMs: number;
  /** The oldest messages are deleted while the topic has more bytes than this; absent: no bound. */
  readonly retentionBytes?: number | undefined;
  /** How long a deduplication id is remembered. */
  readonly deduplicationWindowMs: number;
}

/** What holds for a consumer group. */
export interface GroupTerms {
  readonly maxAttempts: number;
  /** Every instance of the group receives every message, from its first receive on. */
  readonly broadcasting: boolean;
}

/** What may exist, as the registry wants it. The core creates nothing that is not in here. */
export interface Catalog {
  topic(name: string): TopicTerms | undefined;
  consumerGroup(name: string): GroupTerms | undefined;
}

const DAY_MS = 24 * 60 * 60 * 1000;

/** The terms of a topic for which nothing else was said. */
export const defaultTopicTerms: TopicTerms = {
  queues: 1,
  retentionMs: 7 * DAY_MS,
  deduplicationWindowMs: 10 * 60 * 1000,
};

const DEAD_LETTER_PREFIX = '%DLQ%';

/** RocketMQ's name for the dead letters of a consumer group. */
export function deadLetterTopic(group: string): string {
  return `${DEAD_LETTER_PREFIX}${group}`;
}

/** The consumer group whose dead letters the topic holds; undefined for any other topic. */
export function groupOfDeadLetterTopic(topic: string): string | undefined {
  return topic.startsWith(DEAD_LETTER_PREFIX) ? topic.slice(DEAD_LETTER_PREFIX.length) : undefined;
}
