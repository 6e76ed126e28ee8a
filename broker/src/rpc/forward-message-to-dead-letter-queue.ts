import type { apache } from '@nomos/schemas';
import { admitConsumer } from './admit-consumer.js';
import type { BrokerServices } from './broker-services.js';
import type { CallContext } from './call-context.js';
import { OK } from './status.js';

/** Gives a delivered message up: it moves to the group's dead letters. */
export async function forwardMessageToDeadLetterQueue(
  services: BrokerServices,
  request: apache.rocketmq.v2.ForwardMessageToDeadLetterQueueRequest,
  context: CallContext,
): Promise<apache.rocketmq.v2.IForwardMessageToDeadLetterQueueResponse> {
  const consumer = await admitConsumer(services, request, context);
  await services.core.receiving.forwardToDeadLetters(consumer, request.receiptHandle);
  return { status: OK };
}
