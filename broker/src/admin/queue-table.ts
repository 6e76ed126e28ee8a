import { BROKER_NAME } from './broker-identity.js';

/**
 * A table by queue as RocketMQ writes it with fastjson: the keys are whole objects, which JSON proper does not have
 * but RocketMQ's tools expect (`{{"brokerName":…}:{…}}`).
 */
export function queueTable<Entry extends { readonly topic: string; readonly queue: number }>(
  entries: readonly Entry[],
  toValue: (entry: Entry) => object | number,
): string {
  const pairs = entries.map((entry) => {
    const key = { brokerName: BROKER_NAME, queueId: entry.queue, topic: entry.topic };
    return `${JSON.stringify(key)}:${JSON.stringify(toValue(entry))}`;
  });
  return `{${pairs.join(',')}}`;
}
