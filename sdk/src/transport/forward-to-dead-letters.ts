import { apache, methods } from '@nomos/schemas';
import type { DeliveryName } from './acknowledge.js';
import type { BrokerClient } from './broker-client.js';

const request = apache.rocketmq.v2.ForwardMessageToDeadLetterQueueRequest;
const decoder = apache.rocketmq.v2.ForwardMessageToDeadLetterQueueResponse;

export interface DeadLetter extends DeliveryName {
  readonly group: string;
  readonly topic: string;
  readonly deliveryAttempt: number;
  readonly maxDeliveryAttempts: number;
}

/** Gives a message up: the broker moves it to the group's dead letters. */
export async function forwardToDeadLetters(
  client: BrokerClient,
  target: string,
  { group, topic, ...letter }: DeadLetter,
): Promise<void> {
  const bytes = request.encode({ group: { name: group }, topic: { name: topic }, ...letter }).finish();
  await client.call({ target, method: methods.forwardMessageToDeadLetterQueue, decoder }, bytes);
}
