import {
  changeProducerGroupSchema,
  createProducerGroupSchema,
  type ProducerGroup,
  producerGroupSchema,
} from '@nomos/schemas';
import type { z } from 'zod';
import type { Collection } from './collection.js';
import { examineGroup } from './group.js';
import { ownedFilters } from './list-filter.js';

/** Producer groups: under which an application publishes. */
export const producerGroups: Collection<
  ProducerGroup,
  z.output<typeof createProducerGroupSchema>,
  z.output<typeof changeProducerGroupSchema>
> = {
  name: 'producer-groups',
  noun: 'producer group',
  keyFields: ['name'],
  filters: ownedFilters,
  schemas: {
    entry: producerGroupSchema,
    create: createProducerGroupSchema,
    change: changeProducerGroupSchema,
  },
  deprecatable: true,
  revivable: false,
  repository: (repositories) => repositories.producerGroups,
  owner: async ({ application }) => application,
  examine: (proposed, repositories, judge, before) =>
    examineGroup('producer-group', proposed, repositories, judge, before),
  async findDependant({ name }, { sessions }, now) {
    const [session] = await sessions.listLive({ now, producerGroup: name, limit: 1 });
    return session && `the live session "${session.id}" of the instance "${session.instance}"`;
  },
  // With its first group an application has something to do at an edge, which then gets its access keys.
  affectedEnvironments: async ({ environments }) => environments,
};
