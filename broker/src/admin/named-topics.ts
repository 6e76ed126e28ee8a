import { NomosError } from '@nomos/schemas';
import { groupOfDeadLetterTopic } from '../core/catalog.js';
import type { AdminBackend, AdminGroup, AdminTopic } from './admin-backend.js';
import { BROKER_NAME, CLUSTER_NAME } from './broker-identity.js';
import { quote } from './request-fields.js';

const RETRY_PREFIX = '%RETRY%';

/** RocketMQ's name for a group's retry topic. There is none here, but tools find groups and their brokers by it. */
export function retryTopic(group: string): string {
  return `${RETRY_PREFIX}${group}`;
}

/** The group whose retries or dead letters a topic stands for; undefined for any other topic. */
export function groupOfDerivedTopic(topic: string): string | undefined {
  if (topic.startsWith(RETRY_PREFIX)) return topic.slice(RETRY_PREFIX.length);
  return groupOfDeadLetterTopic(topic);
}

/**
 * A topic by any name for which RocketMQ's tools ask: a topic, a group's retries or dead letters, or the cluster or
 * broker, whose "topics" tell the tools which brokers there are.
 */
export function namedTopic(backend: AdminBackend, name: string): AdminTopic | undefined {
  const topic = backend.topic(name);
  if (topic !== undefined) return topic;
  const groupName = groupOfDerivedTopic(name);
  const group = groupName === undefined ? undefined : backend.group(groupName);
  if (group !== undefined) return { name, messageType: 'NORMAL', queues: 1, origin: group.origin };
  const isPlace = name === CLUSTER_NAME || name === BROKER_NAME;
  return isPlace ? { name, messageType: 'NORMAL', queues: 1, origin: 'broker' } : undefined;
}

/** As namedTopic. Throws TOPIC_NOT_REGISTERED. */
export function existingTopic(backend: AdminBackend, name: string): AdminTopic {
  const topic = namedTopic(backend, name);
  if (topic !== undefined) return topic;
  throw new NomosError('TOPIC_NOT_REGISTERED', `There is no topic ${quote(name)} on this broker.`, {
    fix: 'Create it with "mqadmin updateTopic", or register it with POST /v1/topics.',
  });
}

/** Throws GROUP_NOT_REGISTERED. */
export function existingGroup(backend: AdminBackend, name: string): AdminGroup {
  const group = backend.group(name);
  if (group !== undefined) return group;
  const message = `There is no consumer group ${quote(name)} on this broker.`;
  throw new NomosError('GROUP_NOT_REGISTERED', message, {
    fix: 'Create it with "mqadmin updateSubGroup", or register it with POST /v1/consumer-groups.',
  });
}
