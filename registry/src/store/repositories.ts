import type { Repositories } from '../domain/repositories.js';
import { admissionRepository } from './admission-repository.js';
import { applicationRepository } from './application-repository.js';
import { approvalPolicyRepository } from './approval-policy-repository.js';
import { auditRepository } from './audit-repository.js';
import { changeRequestRepository } from './change-request-repository.js';
import { consumerGroupRepository } from './consumer-group-repository.js';
import { credentialRepository } from './credential-repository.js';
import { domainRepository } from './domain-repository.js';
import { edgeRepository } from './edge-repository.js';
import { environmentRepository } from './environment-repository.js';
import type { Prisma } from './generated/client.js';
import { idempotencyRepository } from './idempotency-repository.js';
import { normRepository } from './norm-repository.js';
import { noticeRepository } from './notice-repository.js';
import { producerGroupRepository } from './producer-group-repository.js';
import { provisioningRepository } from './provisioning-repository.js';
import { recyclingRepository } from './recycling-repository.js';
import { schemaRepository } from './schema-repository.js';
import { searchRepository } from './search-repository.js';
import { sessionRepository } from './session-repository.js';
import { signingKeyRepository } from './signing-key-repository.js';
import { subscriptionChangeRepository } from './subscription-change-repository.js';
import { subscriptionRepository } from './subscription-repository.js';
import { teamRepository } from './team-repository.js';
import { tokenRepository } from './token-repository.js';
import { topicRepository } from './topic-repository.js';
import { usageRepository } from './usage-repository.js';
import { versionRepository } from './version-repository.js';
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
    subscriptionChanges: subscriptionChangeRepository(client),
    signingKeys: signingKeyRepository(client),
    audit: auditRepository(client),
    versions: versionRepository(client),
    search: searchRepository(client),
    approvalPolicies: approvalPolicyRepository(client),
    changeRequests: changeRequestRepository(client),
    recycling: recyclingRepository(client),
    usage: usageRepository(client),
    notices: noticeRepository(client),
    provisioning: provisioningRepository(client),
    idempotency: idempotencyRepository(client),
    schemas: schemaRepository(client),
    norms: normRepository(client),
    waivers: waiverRepository(client),
    edge: edgeRepository(client),
    admission: admissionRepository(client),
  };
}
