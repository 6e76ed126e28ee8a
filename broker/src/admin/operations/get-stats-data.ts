import { NomosError } from '@nomos/schemas';
import type { AdminBackend } from '../admin-backend.js';
import { existingTopic } from '../named-topics.js';
import type { Operation } from '../operation.js';
import { storedSince } from '../stored-since.js';

const MINUTE_SECONDS = 60;
const HOUR_SECONDS = 60 * MINUTE_SECONDS;
const DAY_SECONDS = 24 * HOUR_SECONDS;

/** How many messages a topic took in the last minute, hour and day. Other statistics are not kept. */
export const getStatsData: Operation = {
  code: 315,
  name: 'VIEW_BROKER_STATS_DATA',
  changes: false,
  handle: ({ fields, nowMs }, backend) => {
    if (fields.text('statsName') !== 'TOPIC_PUT_NUMS') {
      throw new NomosError('NOT_FOUND', 'This broker does not keep these statistics.', {
        fix: 'Ask for TOPIC_PUT_NUMS; "mqadmin consumerProgress" tells how far groups are.',
      });
    }
    const { name } = existingTopic(backend, fields.text('statsKey'));
    return {
      body: JSON.stringify({
        statsMinute: statsItem(backend, name, nowMs, MINUTE_SECONDS),
        statsHour: statsItem(backend, name, nowMs, HOUR_SECONDS),
        statsDay: statsItem(backend, name, nowMs, DAY_SECONDS),
      }),
    };
  },
};

function statsItem(backend: AdminBackend, topic: string, nowMs: number, seconds: number) {
  const sum = storedSince(backend, topic, nowMs - seconds * 1000);
  return { sum, tps: sum / seconds, avgpt: 0 };
}
