import { changeDomainSchema, createDomainSchema, type Domain, domainSchema } from '@nomos/schemas';
import type { z } from 'zod';
import type { Collection } from './collection.js';

/** Domains: the parts of the enterprise, and the first word of a topic's name. */
export const domains: Collection<
  Domain,
  z.output<typeof createDomainSchema>,
  z.output<typeof changeDomainSchema>
> = {
  name: 'domains',
  noun: 'domain',
  keyFields: ['code'],
  filters: {},
  schemas: { entry: domainSchema, create: createDomainSchema, change: changeDomainSchema },
  deprecatable: false,
  revivable: false,
  repository: (repositories) => repositories.domains,
  owner: async () => undefined,
  examine: async () => ({}),
  async findDependant({ code }, { applications }) {
    const [application] = await applications.list({ conditions: { domain: code }, limit: 1 });
    return application && `the application "${application.code}"`;
  },
  affectedEnvironments: async () => [],
};
