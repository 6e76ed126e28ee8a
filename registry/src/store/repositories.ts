import type { Repositories } from '../domain/repositories.js';
import { applicationRepository } from './application-repository.js';
import { auditRepository } from './audit-repository.js';
import { consumerGroupRepository } from './consumer-group-repository.js';
import { credentialRepository } from './credential-repository.js';
import { domainRepository } from './domain-repository.js';
import { environmentRepository } from './environment-repository.js';
import type { Prisma } from './generated/client.js';
import { normRepository } from './norm-repository.js';
import { producerGroupRepository } from './producer-group-repository.js';
import { sessionRepository } from './session-repository.js';
import { signingKeyRepository } from './signing-key-repository.js';
import { subscriptionRepository } from './subscription-repository.js';
import { teamRepository } from './team-repository.js';
import { tokenRepository } from './token-repository.js';
import { topicRepository } from './topic-repository.js';
import { waiverRepository } from './waiver-repository.js';

/** All repositories over one client, which may be that of a transaction. */
export function repositoriesOf(client: Prisma.TransactionClient): Repositories {
  return {
    domains: domainRepository(client),
    teams: teamRepository(client),
    applications: applicationRepository(client),
    environments: environmentRepository(client),
    topics: topicRepository(client),
    producerGroups: producerGroupRepository(client),
    consumerGroups: consumerGroupRepository(client),
    subscriptions: subscriptionRepository(client),
    tokens: tokenRepository(client),
    credentials: credentialRepository(client),
    sessions: sessionRepository(client),
    signingKeys: signingKeyRepository(client),
    audit: auditRepository(client),
    norms: normRepository(client),
    waivers: waiverRepository(client),
  };
}
