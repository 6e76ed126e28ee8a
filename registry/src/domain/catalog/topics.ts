import {
  changeTopicSchema,
  createTopicSchema,
  type Topic,
  topicSchema,
  type Violation,
} from '@nomos/schemas';
import type { z } from 'zod';
import type { Repositories } from '../repositories.js';
import type { Collection } from './collection.js';
import { deprecatedViolation } from './deprecations.js';
import { topicFilters } from './list-filter.js';
import { examineQueues } from './queue-advice.js';
import { examineReferences, listed } from './references.js';

type CreateTopic = z.output<typeof createTopicSchema>;

/** Topics: each belongs to the application that its name tells, in one or several environments. */
export const topics: Collection<Topic, CreateTopic, z.output<typeof changeTopicSchema>> = {
  name: 'topics',
  noun: 'topic',
  keyFields: ['name'],
  filters: topicFilters,
  schemas: { entry: topicSchema, create: createTopicSchema, change: changeTopicSchema },
  deprecatable: true,
  revivable: false,
  repository: (repositories) => repositories.topics,
  owner: async ({ application }) => application,
  async examine(proposed, repositories, judge, before) {
    const { name, application, environments, publishers } = proposed;
    const reading =
      before === undefined
        ? await judge.read('topic', name, application, repositories, environments)
        : undefined;
    const kept = [before?.application, ...(before?.publishers ?? [])];
    return {
      ...(reading?.ok === false ? { name: reading.violations, norm: reading.norm } : {}),
      references: [
        ...(await examineReferences(
          'application',
          repositories.applications,
          [{ value: application, where: 'application' }, ...listed('publishers', publishers)],
          kept,
        )),
        ...(await examineReferences(
          'environment',
          repositories.environments,
          listed('environments', environments),
        )),
        ...examineNewPublishers(proposed, before),
      ],
      warnings: [
        ...(reading?.warnings ?? []),
        ...examineQueues(proposed, await countConsumers(before, repositories)),
      ],
    };
  },
  async findDependant({ name }, { subscriptions, subscriptionChanges }) {
    const [subscription] = await subscriptions.list({ conditions: { topic: name }, limit: 1 });
    if (subscription) return `the subscription of the group "${subscription.group}"`;
    const [running] = await subscriptionChanges.listRunningTo(name);
    return running && `the subscription change "${running.id}" of the group "${running.group}", which runs`;
  },
  async findObstacle(before, after, { subscriptions, subscriptionChanges, consumerGroups }) {
    if (after.queues < before.queues) {
      return `It has ${before.queues} queues, and what is in them would be lost with fewer.`;
    }
    if (after.queues !== before.queues && after.messageType === 'FIFO') {
      return 'It is a FIFO topic: with more queues, message groups move to others, and messages overtake earlier ones.';
    }
    const left = before.environments.filter((environment) => !after.environments.includes(environment));
    if (left.length === 0) return undefined;
    const registered = await subscriptions.list({ conditions: { topic: before.name } });
    const planned = await subscriptionChanges.listRunningTo(before.name);
    for (const group of new Set([...registered, ...planned].map((one) => one.group))) {
      const found = await consumerGroups.find([group]);
      const environment = left.find((code) => found?.environments.includes(code));
      if (environment !== undefined) return `The group "${group}" receives it in "${environment}".`;
    }
    return undefined;
  },
  affectedEnvironments: async ({ environments }) => environments,
};

/** Nobody begins to publish to what everybody is to leave. */
function examineNewPublishers({ publishers }: CreateTopic, before: Topic | undefined): Violation[] {
  if (before?.status !== 'deprecated') return [];
  return listed('publishers', publishers)
    .filter(({ value }) => !before.publishers.includes(value))
    .map(({ where }) => deprecatedViolation('topic', before.name, before.deprecation, where));
}

/** The instances that the largest group that receives the topic expects; 1 where nobody says. */
async function countConsumers(
  topic: Topic | undefined,
  { subscriptions, consumerGroups }: Repositories,
): Promise<number> {
  if (topic === undefined) return 1;
  const registered = await subscriptions.list({ conditions: { topic: topic.name } });
  const names = registered.map(({ group }) => group);
  const groups = await consumerGroups.list({ conditions: { name: names, mode: 'clustering' } });
  return Math.max(1, ...groups.map(({ expectedInstances = 1 }) => expectedInstances));
}
