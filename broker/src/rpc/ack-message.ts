import { apache, limits } from '@nomos/schemas';
import { receiptRefused } from '../core/receiving/receipts.js';
import { admitConsumer } from './admit-consumer.js';
import type { BrokerServices } from './broker-services.js';
import type { CallContext } from './call-context.js';
import { OK, requestRefused, type Status, statusOf } from './status.js';

const { Code } = apache.rocketmq.v2;

/** Acknowledges deliveries; each entry has its own result, and all are durable when the answer goes out. */
export async function ackMessage(
  services: BrokerServices,
  request: apache.rocketmq.v2.AckMessageRequest,
  context: CallContext,
): Promise<apache.rocketmq.v2.IAckMessageResponse> {
  const consumer = await admitConsumer(services, request, context);
  const asked = request.entries;
  if (asked.length === 0)
    throw requestRefused('messages', 'There is no entry to acknowledge.', 'at least one entry');
  if (asked.length > limits.ackBatchEntries) {
    const expected = `at most ${limits.ackBatchEntries} entries`;
    throw requestRefused('batch-size', `There are ${asked.length} entries.`, expected);
  }
  const handles = asked.map((entry) => entry.receiptHandle ?? '');
  const results = await services.core.receiving.acknowledge(consumer, handles);
  const invalid = statusOf(receiptRefused(consumer.topic));
  const entries = asked.map(({ messageId, receiptHandle }, index) => ({
    ...{ messageId: messageId ?? '', receiptHandle: receiptHandle ?? '' },
    status: results[index] ? OK : invalid,
  }));
  return { status: statusOfAll(results, invalid), entries };
}

function statusOfAll(results: readonly boolean[], invalid: Status): Status {
  if (results.every((result) => result)) return OK;
  if (results.some((result) => result)) return { code: Code.MULTIPLE_RESULTS, message: 'see each entry' };
  return invalid;
}
