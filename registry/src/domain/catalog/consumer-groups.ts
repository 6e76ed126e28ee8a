import {
  type ConsumerGroup,
  changeConsumerGroupSchema,
  consumerGroupSchema,
  createConsumerGroupSchema,
} from '@nomos/schemas';
import type { z } from 'zod';
import type { Collection } from './collection.js';
import { examineGroup } from './group.js';
import { ownedFilters } from './list-filter.js';

/** Consumer groups: under which the instances of an application share what they receive. */
export const consumerGroups: Collection<
  ConsumerGroup,
  z.output<typeof createConsumerGroupSchema>,
  z.output<typeof changeConsumerGroupSchema>
> = {
  name: 'consumer-groups',
  noun: 'consumer group',
  keyFields: ['name'],
  filters: ownedFilters,
  schemas: {
    entry: consumerGroupSchema,
    create: createConsumerGroupSchema,
    change: changeConsumerGroupSchema,
  },
  deprecatable: true,
  revivable: false,
  repository: (repositories) => repositories.consumerGroups,
  owner: async ({ application }) => application,
  examine: (proposed, repositories, judge, before) =>
    examineGroup('consumer-group', proposed, repositories, judge, before),
  async findDependant({ name }, { subscriptions, sessions }, now) {
    const [subscription] = await subscriptions.list({ conditions: { group: name }, limit: 1 });
    if (subscription) return `its subscription to the topic "${subscription.topic}"`;
    const [session] = await sessions.listLive({ now, consumerGroups: [name], limit: 1 });
    return session && `the live session "${session.id}" of the instance "${session.instance}"`;
  },
  async findObstacle(before, after, { subscriptions, subscriptionChanges, topics }) {
    const left = before.environments.filter((environment) => !after.environments.includes(environment));
    if (left.length === 0) return undefined;
    const registered = await subscriptions.list({ conditions: { group: before.name } });
    const [running] = await subscriptionChanges.listRunning([before.name]);
    for (const topic of new Set([...registered, ...(running?.after ?? [])].map((one) => one.topic))) {
      const found = await topics.find([topic]);
      const environment = left.find((code) => found?.environments.includes(code));
      if (environment !== undefined) return `It receives the topic "${topic}" in "${environment}".`;
    }
    return undefined;
  },
  affectedEnvironments: async ({ environments }) => environments,
};
