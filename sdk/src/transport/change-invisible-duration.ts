import { apache, methods } from '@nomos/schemas';
import type { DeliveryName } from './acknowledge.js';
import type { BrokerClient } from './broker-client.js';
import { protoDuration } from './duration.js';

const { ChangeInvisibleDurationRequest, ChangeInvisibleDurationResponse } = apache.rocketmq.v2;

export interface InvisibleDurationChange extends DeliveryName {
  readonly group: string;
  readonly topic: string;
  readonly invisibleDurationMs: number;
  /** Gives a message back that nobody has worked on: a server that knows this does not count the delivery. */
  readonly suspend?: boolean;
}

/** Sets when a delivered message becomes visible again; the answer is its new receipt handle. */
export async function changeInvisibleDuration(
  client: BrokerClient,
  target: string,
  change: InvisibleDurationChange,
): Promise<string> {
  const request = ChangeInvisibleDurationRequest.encode({
    group: { name: change.group },
    topic: { name: change.topic },
    receiptHandle: change.receiptHandle,
    messageId: change.messageId,
    invisibleDuration: protoDuration(change.invisibleDurationMs),
    ...(change.suspend === undefined ? {} : { suspend: change.suspend }),
  }).finish();
  const method = methods.changeInvisibleDuration;
  const call = { target, method, decoder: ChangeInvisibleDurationResponse };
  const { receiptHandle } = await client.call(call, request);
  return receiptHandle || change.receiptHandle;
}
