import { changeTopicSchema, createTopicSchema, type Topic, topicSchema } from '@nomos/schemas';
import type { z } from 'zod';
import type { Collection } from './collection.js';
import { examineReferences, listed } from './references.js';

/** Topics: each belongs to the application that its name tells, in one or several environments. */
export const topics: Collection<
  Topic,
  z.output<typeof createTopicSchema>,
  z.output<typeof changeTopicSchema>
> = {
  name: 'topics',
  noun: 'topic',
  keyFields: ['name'],
  filterFields: ['application'],
  schemas: { entry: topicSchema, create: createTopicSchema, change: changeTopicSchema },
  revivable: false,
  repository: (repositories) => repositories.topics,
  owner: async ({ application }) => application,
  async examine(proposed, repositories, judge, before) {
    const { name, application, environments, publishers } = proposed;
    const reading =
      before === undefined
        ? await judge.read('topic', name, application, repositories, environments)
        : undefined;
    return {
      ...(reading?.ok === false ? { name: reading.violations, norm: reading.norm } : {}),
      references: [
        ...(await examineReferences('application', repositories.applications, [
          { value: application, where: 'application' },
          ...listed('publishers', publishers),
        ])),
        ...(await examineReferences(
          'environment',
          repositories.environments,
          listed('environments', environments),
        )),
      ],
    };
  },
  async findDependant({ name }, { subscriptions }) {
    const [subscription] = await subscriptions.list({ conditions: { topic: name }, limit: 1 });
    return subscription && `the subscription of the group "${subscription.group}"`;
  },
  async findObstacle(before, after, { subscriptions, consumerGroups }) {
    const left = before.environments.filter((environment) => !after.environments.includes(environment));
    if (left.length === 0) return undefined;
    for (const { group } of await subscriptions.list({ conditions: { topic: before.name } })) {
      const found = await consumerGroups.find([group]);
      const environment = left.find((code) => found?.environments.includes(code));
      if (environment !== undefined) return `The group "${group}" receives it in "${environment}".`;
    }
    return undefined;
  },
  affectedEnvironments: async ({ environments }) => environments,
};
