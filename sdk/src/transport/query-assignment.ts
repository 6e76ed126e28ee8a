import { apache, methods } from '@nomos/schemas';
import type { BrokerClient } from './broker-client.js';
import { endpointsOf, targetOf } from './endpoint.js';
import { askAnyEndpoint } from './routes.js';

const { QueryAssignmentRequest, QueryAssignmentResponse } = apache.rocketmq.v2;

/** Queues that a consumer takes messages from, at one broker. */
export interface Assignment {
  readonly target: string;
  readonly topic: string;
  readonly queue: apache.rocketmq.v2.IMessageQueue;
}

/** Asks which queues of a topic the consumer is to receive from. */
export async function queryAssignment(
  client: BrokerClient,
  accessPoints: readonly string[],
  group: string,
  topic: string,
): Promise<Assignment[]> {
  const answer = await askAnyEndpoint(accessPoints, (endpoint) => {
    const endpoints = endpointsOf(endpoint);
    const fields = { topic: { name: topic }, group: { name: group }, endpoints };
    const request = QueryAssignmentRequest.encode(fields).finish();
    const method = methods.queryAssignment;
    const target = targetOf(endpoints) ?? endpoint;
    return client.call({ target, method, decoder: QueryAssignmentResponse }, request);
  });
  return answer.assignments.flatMap(({ messageQueue: queue }) => {
    const target = targetOf(queue?.broker?.endpoints);
    return queue && target !== undefined ? [{ target, topic, queue }] : [];
  });
}
