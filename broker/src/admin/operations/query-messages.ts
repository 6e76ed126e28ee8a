import { NomosError } from '@nomos/schemas';
import type { AdminBackend, AdminMessage } from '../admin-backend.js';
import { adminLimits } from '../admin-limits.js';
import { encodeMessageRecord, readPosition } from '../message-record.js';
import { existingTopic } from '../named-topics.js';
import type { Operation } from '../operation.js';
import { fieldInvalid, type RequestFields } from '../request-fields.js';
import { responseCode } from '../response-code.js';

/** The index of tags that newer tools can ask for; the others are `K` for keys and nothing for ids. */
const BY_TAG = 'T';
/** The place of a message is the last part of what newer tools print as its `#IndexKey`. */
const LAST_KEY = /@(\d{1,19})$/;

/** The messages of a topic with a key or, when the field `_UNIQUE_KEY_QUERY` says so, with an id; oldest first. */
export const queryMessages: Operation = {
  code: 12,
  name: 'QUERY_MESSAGE',
  changes: false,
  handle: ({ fields, address, nowMs }, backend) => {
    if (fields.optionalText('indexType') === BY_TAG) {
      throw new NomosError('NOT_SUPPORTED', 'This broker has no index of tags.', {
        fix: 'Query by key or id.',
      });
    }
    const { name: topic } = existingTopic(backend, fields.text('topic'));
    const limit = Math.min(Math.max(fields.integer('maxNum', 1), 1), adminLimits.foundMessages);
    const records: Buffer[] = [];
    let bytes = 0;
    for (const message of find(backend, topic, fields)) {
      const record = encodeMessageRecord(message, address);
      bytes += record.length;
      if (records.length > 0 && bytes > adminLimits.foundBytes) break;
      records.push(record);
      if (records.length >= limit) break;
    }
    if (records.length === 0) {
      return {
        code: responseCode.queryNotFound,
        remark: 'No message of the topic has this key in that time.',
      };
    }
    return {
      fields: { indexLastUpdatePhyoffset: '0', indexLastUpdateTimestamp: String(nowMs) },
      body: Buffer.concat(records),
    };
  },
};

function* find(backend: AdminBackend, topic: string, fields: RequestFields): Iterable<AdminMessage> {
  const last = lastMessage(backend, topic, fields);
  const found = backend.find({
    topic,
    by: fields.flag('_UNIQUE_KEY_QUERY') ? 'id' : 'key',
    text: fields.text('key'),
    fromMs: Math.max(fields.integer('beginTimestamp', 0), last?.storedAtMs ?? 0),
    toMs: fields.integer('endTimestamp', Number.MAX_SAFE_INTEGER),
  });
  for (const message of found) if (last === undefined || isAfter(message, last)) yield message;
}

/** The last message of the page before, where a tool asks for the next page. */
function lastMessage(backend: AdminBackend, topic: string, fields: RequestFields): AdminMessage | undefined {
  const lastKey = fields.optionalText('lastKey');
  if (lastKey === undefined) return undefined;
  const [, place] = LAST_KEY.exec(lastKey) ?? [];
  const position = place === undefined ? undefined : readPosition(BigInt(place));
  const message = position && backend.messageAt(topic, position.queue, position.offset);
  if (message !== undefined) return message;
  throw fieldInvalid('lastKey', 'It names no message of the topic.', 'an #IndexKey of the page before');
}

/** In the order of `AdminBackend.find`. */
function isAfter(message: AdminMessage, last: AdminMessage): boolean {
  const { storedAtMs, queue, offset } = last;
  if (message.storedAtMs !== storedAtMs) return message.storedAtMs > storedAtMs;
  return message.queue === queue ? message.offset > offset : message.queue > queue;
}
