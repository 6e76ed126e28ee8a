import type { Operation } from '../operation.js';
import { ROCKETMQ_VERSION, rocketmqVersionNumber } from '../rocketmq-version.js';

const SECOND_MS = 1000;

/** How the broker does, as texts by name. What it does not measure is left out; tools print that as nothing. */
export const getRuntimeInfo: Operation = {
  code: 28,
  name: 'GET_BROKER_RUNTIME_INFO',
  changes: false,
  handle: ({ nowMs }, backend) => {
    const runtime = backend.runtime();
    const { version, startedAtMs, earliestStoredAtMs, diskUsedRatio } = runtime;
    const table: Record<string, string> = {
      brokerActive: 'true',
      brokerVersionDesc: `NOMOS_${version.replaceAll('.', '_')}`,
      brokerVersion: String(rocketmqVersionNumber(ROCKETMQ_VERSION)),
      bootTimestamp: String(startedAtMs),
      runtime: durationText(nowMs - startedAtMs),
      topics: String(backend.topics().length),
      consumerGroups: String(backend.groups().length),
      clients: String(backend.clients().length),
      // There are no pools of threads with queues before them here, nor a lock on a page cache.
      ...{ sendThreadPoolQueueSize: '0', sendThreadPoolQueueHeadWaitTimeMills: '0' },
      ...{ pullThreadPoolQueueSize: '0', pullThreadPoolQueueHeadWaitTimeMills: '0' },
      ...{ ackThreadPoolQueueSize: '0', ackThreadPoolQueueHeadWaitTimeMills: '0' },
      pageCacheLockTimeMills: '0',
    };
    if (earliestStoredAtMs !== undefined) table.earliestMessageTimeStamp = String(earliestStoredAtMs);
    if (diskUsedRatio !== undefined) table.commitLogDiskRatio = diskUsedRatio.toFixed(4);
    if (runtime.storedPerSecond !== undefined) table.putTps = runtime.storedPerSecond.toFixed(2);
    if (runtime.deliveredPerSecond !== undefined)
      table.getTransferredTps = runtime.deliveredPerSecond.toFixed(2);
    return { body: JSON.stringify({ table }) };
  },
};

/** As RocketMQ writes it. */
function durationText(durationMs: number): string {
  const seconds = Math.max(0, Math.floor(durationMs / SECOND_MS));
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  const days = Math.floor(hours / 24);
  return `[ ${days} days, ${hours % 24} hours, ${minutes % 60} minutes, ${seconds % 60} seconds ]`;
}
