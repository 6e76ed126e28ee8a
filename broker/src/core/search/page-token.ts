import { NomosError } from '@nomos/schemas';

/** An offset of each queue of a topic. */
export type QueueOffsets = ReadonlyMap<number, number>;

const FORMAT = 1;
const HEADER_BYTES = 1 + 4;
const QUEUE_BYTES = 2 + 6;
/** A topic has at most 64 queues by the registry; a token of more queues than this is not ours. */
const QUEUES_MAX = 1_024;
const TEXT_LENGTH_MAX = Math.ceil(((HEADER_BYTES + QUEUES_MAX * QUEUE_BYTES) * 4) / 3);

/** The token of a page's end, which means something only for its own topic. */
export function writePageToken(topicNumber: number, next: QueueOffsets): string {
  const bytes = Buffer.alloc(HEADER_BYTES + next.size * QUEUE_BYTES);
  bytes.writeUInt8(FORMAT, 0);
  bytes.writeUInt32BE(topicNumber, 1);
  let position = HEADER_BYTES;
  for (const [queue, offset] of next) {
    bytes.writeUInt16BE(queue, position);
    bytes.writeUIntBE(offset, position + 2, 6);
    position += QUEUE_BYTES;
  }
  return bytes.toString('base64url');
}

/** Reads a token that a client gave back. Throws REQUEST_INVALID on anything that is not one of this topic. */
export function readPageToken(text: string, topicNumber: number): QueueOffsets {
  if (text.length > TEXT_LENGTH_MAX || !/^[\w-]+$/.test(text)) throw notAPage();
  const bytes = Buffer.from(text, 'base64url');
  const queueBytes = bytes.length - HEADER_BYTES;
  if (queueBytes < 0 || queueBytes % QUEUE_BYTES !== 0) throw notAPage();
  if (bytes.readUInt8(0) !== FORMAT || bytes.readUInt32BE(1) !== topicNumber) throw notAPage();
  const next = new Map<number, number>();
  for (let position = HEADER_BYTES; position < bytes.length; position += QUEUE_BYTES) {
    next.set(bytes.readUInt16BE(position), bytes.readUIntBE(position + 2, 6));
  }
  if (next.size * QUEUE_BYTES !== queueBytes) throw notAPage();
  return next;
}

function notAPage(): NomosError {
  const violation = {
    rule: 'page-token',
    message: 'The page is not one that a search of this topic gave.',
    where: 'page',
    expected: 'the nextPage of the answer before, unchanged',
  };
  return new NomosError('REQUEST_INVALID', 'The page to go on from cannot be read.', {
    violations: [violation],
    fix: 'Give the nextPage of the answer before, or leave the page out to begin anew.',
  });
}
