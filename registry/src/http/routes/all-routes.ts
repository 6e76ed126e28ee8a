import { applications } from '../../domain/catalog/applications.js';
import { consumerGroups } from '../../domain/catalog/consumer-groups.js';
import { domains } from '../../domain/catalog/domains.js';
import { environments } from '../../domain/catalog/environments.js';
import { producerGroups } from '../../domain/catalog/producer-groups.js';
import { subscriptions } from '../../domain/catalog/subscriptions.js';
import { teams } from '../../domain/catalog/teams.js';
import { topics } from '../../domain/catalog/topics.js';
import type { Route } from '../route.js';
import { approvalRoutes } from './approval-routes.js';
import { auditRoutes } from './audit-routes.js';
import { catalogRoutes } from './catalog-routes.js';
import { credentialRoutes } from './credential-routes.js';
import { edgeRoutes } from './edge-routes.js';
import { metricsRoutes } from './metrics-routes.js';
import { nameRoutes } from './name-routes.js';
import { normRoutes } from './norm-routes.js';
import { noticeRoutes } from './notice-routes.js';
import { provisioningRoutes } from './provisioning-routes.js';
import { recyclingRoutes } from './recycling-routes.js';
import { schemaRoutes } from './schema-routes.js';
import { searchRoutes } from './search-routes.js';
import { serviceRoutes } from './service-routes.js';
import { sessionRoutes } from './session-routes.js';
import { subscriptionChangeRoutes } from './subscription-change-routes.js';
import { tokenRoutes } from './token-routes.js';
import { usageRoutes } from './usage-routes.js';
import { waiverRoutes } from './waiver-routes.js';
import { whoisRoutes } from './whois-routes.js';

/** Every route of the registry, in the order of the API's description. */
export const allRoutes: readonly Route[] = [
  ...catalogRoutes(domains),
  ...catalogRoutes(teams),
  ...catalogRoutes(applications),
  ...credentialRoutes,
  ...catalogRoutes(environments),
  ...provisioningRoutes,
  ...catalogRoutes(topics),
  ...catalogRoutes(producerGroups),
  ...catalogRoutes(consumerGroups),
  ...catalogRoutes(subscriptions),
  ...approvalRoutes,
  ...usageRoutes,
  ...recyclingRoutes,
  ...noticeRoutes,
  ...subscriptionChangeRoutes,
  ...schemaRoutes,
  ...sessionRoutes,
  ...normRoutes,
  ...nameRoutes,
  ...searchRoutes,
  ...whoisRoutes,
  ...waiverRoutes,
  ...edgeRoutes,
  ...tokenRoutes,
  ...auditRoutes,
  ...serviceRoutes,
  ...metricsRoutes,
];
