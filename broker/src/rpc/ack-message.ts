import { apache, limits } from '@nomos/schemas';
import { applicationOf, clientIdIn } from '../core/client-key.js';
import { receiptRefused } from '../core/receiving/receipts.js';
import type { Consumer } from '../core/receiving/receiving.js';
import { admitConsumer } from './admit-consumer.js';
import type { BrokerServices } from './broker-services.js';
import type { CallContext } from './call-context.js';
import { encodeAcknowledgementAnswer, ScannedAcknowledgement } from './scan-acknowledgement.js';
import { OK, requestRefused, type Status, statusOf } from './status.js';

const { Code } = apache.rocketmq.v2;

/** Acknowledges deliveries; each entry has its own result, and all are durable when the answer goes out. */
export async function ackMessage(
  services: BrokerServices,
  request: Buffer,
  context: CallContext,
): Promise<Buffer> {
  const { group, topic, entries } = new ScannedAcknowledgement(request);
  const consumer = await admitConsumer(services, { group: { name: group }, topic: { name: topic } }, context);
  if (entries.length === 0)
    throw requestRefused('messages', 'There is no entry to acknowledge.', 'at least one entry');
  if (entries.length > limits.ackBatchEntries) {
    const expected = `at most ${limits.ackBatchEntries} entries`;
    throw requestRefused('batch-size', `There are more than ${limits.ackBatchEntries} entries.`, expected);
  }
  const handles = entries.map(({ receiptHandle }) => receiptHandle);
  const results = await services.core.receiving.acknowledge(consumer, handles);
  const done = results.filter((result) => result).length;
  services.usage.note({ kind: 'consumed', ...useOf(consumer) }, done);
  if (results.every((result) => result)) return encodeAcknowledgementAnswer(OK, entries, []);
  const invalid = statusOf(receiptRefused(consumer.topic));
  const statuses = results.map((result) => (result ? OK : invalid));
  return encodeAcknowledgementAnswer(statusOfAll(results, invalid), entries, statuses);
}

function useOf({ topic, group, client }: Consumer) {
  return { topic, group, application: applicationOf(client), instance: clientIdIn(client) };
}

function statusOfAll(results: readonly boolean[], invalid: Status): Status {
  if (results.some((result) => result)) return { code: Code.MULTIPLE_RESULTS, message: 'see each entry' };
  return invalid;
}
