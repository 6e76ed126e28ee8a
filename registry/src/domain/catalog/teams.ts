import { changeTeamSchema, createTeamSchema, type Team, teamSchema } from '@nomos/schemas';
import type { z } from 'zod';
import { endTokensOf } from '../identity/token-endings.js';
import type { Collection } from './collection.js';

/** Teams: who owns applications, and whom to call. */
export const teams: Collection<Team, z.output<typeof createTeamSchema>, z.output<typeof changeTeamSchema>> = {
  name: 'teams',
  noun: 'team',
  keyFields: ['code'],
  filters: {},
  schemas: { entry: teamSchema, create: createTeamSchema, change: changeTeamSchema },
  deprecatable: false,
  revivable: false,
  repository: (repositories) => repositories.teams,
  owner: async () => undefined,
  examine: async () => ({}),
  async findDependant({ code }, { applications }) {
    const [application] = await applications.list({ conditions: { team: code }, limit: 1 });
    return application && `the application "${application.code}"`;
  },
  endWith: ({ code, updatedAt }, actor, audit, repositories) =>
    endTokensOf('team', code, new Date(updatedAt), actor, audit, repositories),
  affectedEnvironments: async () => [],
};
