import {
  changeEnvironmentSchema,
  createEnvironmentSchema,
  type Environment,
  environmentSchema,
} from '@nomos/schemas';
import type { z } from 'zod';
import { endTokensOf } from '../identity/token-endings.js';
import type { Collection } from './collection.js';

/** Environments: where messages flow, each with the endpoints of its broker. */
export const environments: Collection<
  Environment,
  z.output<typeof createEnvironmentSchema>,
  z.output<typeof changeEnvironmentSchema>
> = {
  name: 'environments',
  noun: 'environment',
  keyFields: ['code'],
  filters: {},
  schemas: { entry: environmentSchema, create: createEnvironmentSchema, change: changeEnvironmentSchema },
  deprecatable: false,
  revivable: false,
  repository: (repositories) => repositories.environments,
  owner: async () => undefined,
  examine: async () => ({}),
  async findDependant({ code }, { topics, producerGroups, consumerGroups, sessions }, now) {
    const query = { conditions: { environments: code }, limit: 1 };
    const [topic] = await topics.list(query);
    if (topic) return `the topic "${topic.name}"`;
    const [group] = [...(await producerGroups.list(query)), ...(await consumerGroups.list(query))];
    if (group) return `the group "${group.name}"`;
    const [session] = await sessions.listLive({ now, environment: code, limit: 1 });
    return session && `the session "${session.id}" of the application "${session.application}"`;
  },
  endWith: ({ code, updatedAt }, actor, audit, repositories) =>
    endTokensOf('environment', code, new Date(updatedAt), actor, audit, repositories),
  // Retiring one ends the waiting of its edges, which then learn that it is gone.
  affectedEnvironments: async ({ code }) => [code],
};
