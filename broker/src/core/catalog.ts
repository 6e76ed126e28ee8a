/** What may exist, as the registry wants it. The core creates nothing that is not in here. */
export interface Catalog {
  topic(name: string): { readonly queues: number } | undefined;
  consumerGroup(name: string): { readonly maxAttempts: number } | undefined;
}

const DEAD_LETTER_PREFIX = '%DLQ%';

/** RocketMQ's name for the dead letters of a consumer group. */
export function deadLetterTopic(group: string): string {
  return `${DEAD_LETTER_PREFIX}${group}`;
}

/** The consumer group whose dead letters the topic holds; undefined for any other topic. */
export function groupOfDeadLetterTopic(topic: string): string | undefined {
  return topic.startsWith(DEAD_LETTER_PREFIX) ? topic.slice(DEAD_LETTER_PREFIX.length) : undefined;
}
