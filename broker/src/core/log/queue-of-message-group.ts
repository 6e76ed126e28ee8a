/**
 * The queue in which all messages of a message group are: FNV-1a over the UTF-16 units, modulo the number of
 * queues. It must never change, or messages of a group would overtake each other.
 */
export function queueOfMessageGroup(messageGroup: string, queues: number): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < messageGroup.length; index++) {
    hash = Math.imul(hash ^ messageGroup.charCodeAt(index), 0x01000193);
  }
  return (hash >>> 0) % queues;
}
