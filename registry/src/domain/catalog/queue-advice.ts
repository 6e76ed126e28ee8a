import { limits, type QueueAdvice, type Topic, type Violation } from '@nomos/schemas';

/** What one queue carries with ease; docs/registry/lifecycle.md says where the number comes from. */
const MESSAGES_PER_QUEUE_AND_SECOND = 2_000;

/** So many times the advised queues are too many; up to the default number of a topic nobody is warned. */
const TOO_MANY_TIMES = 4;
const ALWAYS_FINE = 4;

/**
 * How many queues a topic should have: enough for its rate, at least one for each instance, and a multiple of
 * the instances, so that those that are given whole queues get equally many.
 */
export function adviseQueues(messagesPerSecond: number, consumers: number): QueueAdvice {
  const forRate = Math.ceil(messagesPerSecond / MESSAGES_PER_QUEUE_AND_SECOND);
  const wanted = Math.ceil(Math.max(forRate, 1) / consumers) * consumers;
  const queues = Math.min(wanted, limits.topicQueuesMax);
  const reasons = [
    `${messagesPerSecond} messages per second need ${countOf(forRate)}: one for each ${MESSAGES_PER_QUEUE_AND_SECOND}.`,
    `${countOf(consumers)} at least for the consumer instances: one without a queue of its own stands idle with clients that share out whole queues.`,
  ];
  if (wanted > forRate && wanted > consumers) {
    reasons.push(`${wanted} is the next multiple of ${consumers}, so that every instance gets equally many.`);
  }
  if (wanted > queues) {
    reasons.push(`A topic has at most ${queues} queues: run fewer, larger instances, or use several topics.`);
  }
  return { queues, reasons };
}

function countOf(queues: number): string {
  return queues === 1 ? '1 queue' : `${queues} queues`;
}

/** Warnings for a topic whose number of queues fits neither its rate nor its consumers. */
export function examineQueues(
  { queues, expectedRate }: Pick<Topic, 'queues' | 'expectedRate'>,
  consumers: number,
  where = 'queues',
): Violation[] {
  const advised = adviseQueues(expectedRate?.messagesPerSecond ?? 1, consumers).queues;
  const expected = `${advised} queues`;
  const suggestion = `${advised}`;
  if (queues < advised) {
    const message = `${queues} queues are too few for ${describeLoad(expectedRate, consumers)}.`;
    return [{ rule: 'queues-too-few', where, message, expected, suggestion }];
  }
  if (expectedRate === undefined || queues <= Math.max(ALWAYS_FINE, advised * TOO_MANY_TIMES)) return [];
  const message = `${queues} queues are many for ${describeLoad(expectedRate, consumers)}; there can be more later, but never fewer.`;
  return [{ rule: 'queues-too-many', where, message, expected, suggestion }];
}

function describeLoad(rate: Topic['expectedRate'], consumers: number): string {
  const instances = consumers === 1 ? 'one consumer instance' : `${consumers} consumer instances`;
  return rate === undefined ? instances : `${rate.messagesPerSecond} messages per second and ${instances}`;
}
