import { messageKey } from '../log/log-keys.js';
import type { TopicLog } from '../log/topic-log.js';
import type { Store } from '../store.js';

const QUEUE_END = 0xffff;

/**
 * The queues of a topic that hold messages, in order. Found in the store, not in the catalog: a topic may have had
 * more queues once, or be retired. Reads one key for each of them, and one more.
 */
export function storedQueues(store: Store, log: TopicLog): number[] {
  const queues: number[] = [];
  for (let queue = 0; queue < QUEUE_END; ) {
    const range = {
      from: messageKey(log.number, queue, 0),
      to: messageKey(log.number, QUEUE_END, 0),
      limit: 1,
    };
    let found = QUEUE_END;
    for (const { key } of store.range('messages', range)) found = key.readUInt16BE(4);
    if (found < QUEUE_END) queues.push(found);
    queue = found + 1;
  }
  return queues;
}
