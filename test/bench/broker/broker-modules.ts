const entry = import.meta.resolve('@nomos/broker');

/**
 * Parts of the broker that its package does not export, since only a benchmark measures them by themselves:
 * the way of a message from its bytes on the wire to the disk.
 */
export async function loadBrokerModules() {
  const { LmdbStore } = (await load(
    'store/lmdb-store.js',
  )) as typeof import('../../../broker/src/store/lmdb-store.js');
  const { MessageWriter } = (await load(
    'core/log/message-writer.js',
  )) as typeof import('../../../broker/src/core/log/message-writer.js');
  const { TopicLog } = (await load(
    'core/log/topic-log.js',
  )) as typeof import('../../../broker/src/core/log/topic-log.js');
  const { ScannedMessage } = (await load(
    'rpc/scan-message.js',
  )) as typeof import('../../../broker/src/rpc/scan-message.js');
  const { toMessageToSend } = (await load(
    'rpc/new-message.js',
  )) as typeof import('../../../broker/src/rpc/new-message.js');
  const { systemClock } = (await load('core/clock.js')) as typeof import('../../../broker/src/core/clock.js');
  return { LmdbStore, MessageWriter, TopicLog, ScannedMessage, toMessageToSend, systemClock };
}

export type BrokerModules = Awaited<ReturnType<typeof loadBrokerModules>>;
export type { NewMessage } from '../../../broker/src/core/log/topic-log.js';
export type { Store, Write } from '../../../broker/src/core/store.js';

function load(file: string): Promise<unknown> {
  return import(new URL(file, entry).href);
}
