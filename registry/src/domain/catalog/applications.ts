import {
  type Application,
  applicationSchema,
  changeApplicationSchema,
  createApplicationSchema,
} from '@nomos/schemas';
import type { z } from 'zod';
import type { Collection } from './collection.js';
import { fieldFilter } from './list-filter.js';
import { examineReferences } from './references.js';

/** Applications: what a team runs, and what topics and groups belong to. */
export const applications: Collection<
  Application,
  z.output<typeof createApplicationSchema>,
  z.output<typeof changeApplicationSchema>
> = {
  name: 'applications',
  noun: 'application',
  keyFields: ['code'],
  filters: { team: fieldFilter('team'), domain: fieldFilter('domain') },
  schemas: { entry: applicationSchema, create: createApplicationSchema, change: changeApplicationSchema },
  deprecatable: true,
  revivable: false,
  repository: (repositories) => repositories.applications,
  owner: async () => undefined,
  async examine({ team, domain }, { teams, domains }) {
    return {
      references: [
        ...(await examineReferences('team', teams, [{ value: team, where: 'team' }])),
        ...(await examineReferences('domain', domains, [{ value: domain, where: 'domain' }])),
      ],
    };
  },
  async findDependant({ code }, { topics, producerGroups, consumerGroups, credentials, schemas }) {
    const query = { conditions: { application: code }, limit: 1 };
    const [topic] = await topics.list(query);
    if (topic) return `the topic "${topic.name}"`;
    const [group] = [...(await producerGroups.list(query)), ...(await consumerGroups.list(query))];
    if (group) return `the group "${group.name}"`;
    const [published] = await topics.list({ conditions: { publishers: code }, limit: 1 });
    if (published) return `the topic "${published.name}", of which it is a publisher`;
    const [shared] = await schemas.listSubjects({
      application: code,
      kind: 'shared',
      isLive: true,
      limit: 1,
    });
    if (shared) return `the shared schema "${shared.name}"`;
    const [credential] = await credentials.list({ application: code, limit: 1 });
    return credential && `the credential "${credential.accessKey}"; revoke it first`;
  },
  async findObstacle(before, after, { topics }) {
    if (before.domain === after.domain) return undefined;
    const [topic] = await topics.list({ conditions: { application: before.code }, limit: 1 });
    return topic && `The name of its topic "${topic.name}" says the domain "${before.domain}".`;
  },
  affectedEnvironments: async () => [],
};
