import type { ResetRequest } from '../admin-backend.js';
import { existingGroup, existingTopic } from '../named-topics.js';
import type { Operation } from '../operation.js';
import { queueTable } from '../queue-table.js';
import type { RequestFields } from '../request-fields.js';

/** What RocketMQ's tools write for a field that they leave out. */
const MISSING = -1;

/** Sends a consumer group back or forward on a topic: to a time, to an offset, or to the newest (time −1). */
export const resetOffset: Operation = {
  code: 222,
  name: 'INVOKE_BROKER_TO_RESET_OFFSET',
  changes: true,
  handle: async ({ fields }, backend) => {
    const { name: topic } = existingTopic(backend, fields.text('topic'));
    const { name: group } = existingGroup(backend, fields.text('group'));
    const queue = fields.integer('queueId', MISSING);
    const offsets = await backend.reset({
      ...{ group, topic, to: readTarget(fields) },
      ...(queue === MISSING ? {} : { queue }),
      onlyBack: !isForced(fields),
    });
    const table = queueTable(
      offsets.map((entry) => ({ ...entry, topic })),
      ({ offset }) => offset,
    );
    return { body: `{"offsetTable":${table}}` };
  },
};

function readTarget(fields: RequestFields): ResetRequest['to'] {
  const offset = fields.integer('offset', MISSING);
  if (offset !== MISSING) return { offset };
  const timeMs = fields.integer('timestamp');
  return timeMs === MISSING ? 'latest' : { timeMs };
}

/** An offset for one queue is always meant; the tool that sends it leaves `isForce` at its default. */
function isForced(fields: RequestFields): boolean {
  return fields.flag('isForce') || fields.integer('offset', MISSING) !== MISSING;
}
