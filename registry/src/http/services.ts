import type { Sessions } from '../domain/admission/sessions.js';
import type { SubscriptionChanges } from '../domain/admission/subscription-changes.js';
import type { Approvals } from '../domain/approvals/approvals.js';
import type { AuditTrail } from '../domain/audit/audit-trail.js';
import type { Catalog } from '../domain/catalog/catalog.js';
import type { NameJudge } from '../domain/catalog/name-judge.js';
import type { Credentials } from '../domain/credentials.js';
import type { EdgeBundles } from '../domain/edge/edge-bundles.js';
import type { GrantSigner } from '../domain/grants.js';
import type { IdempotentCalls } from '../domain/idempotency/idempotent-calls.js';
import type { Authenticator } from '../domain/identity/authenticator.js';
import type { NormImpacts } from '../domain/norms/norm-impact.js';
import type { NormObservations } from '../domain/norms/norm-observations.js';
import type { Norms } from '../domain/norms/norms.js';
import type { Notices } from '../domain/notices/notices.js';
import type { Provisioning } from '../domain/provisioning/provisioning.js';
import type { Reconciler } from '../domain/provisioning/reconciler.js';
import type { Recycling } from '../domain/recycling/recycling.js';
import type { Database } from '../domain/repositories.js';
import type { RevisionWatch } from '../domain/revision-watch.js';
import type { Schemas } from '../domain/schemas/schemas.js';
import type { Tokens } from '../domain/tokens.js';
import type { UsageDesk } from '../domain/usage/usage-desk.js';
import type { Waivers } from '../domain/waivers/waivers.js';
import type { WhoisDesk } from '../domain/whois/whois.js';
import type { Metrics } from './metrics.js';

/** What the routes work with. */
export interface Services {
  readonly database: Database;
  readonly catalog: Catalog;
  readonly approvals: Approvals;
  readonly recycling: Recycling;
  readonly usage: UsageDesk;
  readonly notices: Notices;
  readonly judge: NameJudge;
  readonly whois: WhoisDesk;
  readonly auditTrail: AuditTrail;
  readonly authenticator: Authenticator;
  readonly norms: Norms;
  readonly impacts: NormImpacts;
  readonly observations: NormObservations;
  readonly waivers: Waivers;
  readonly tokens: Tokens;
  readonly credentials: Credentials;
  readonly sessions: Sessions;
  readonly subscriptionChanges: SubscriptionChanges;
  readonly bundles: EdgeBundles;
  readonly provisioning: Provisioning;
  readonly reconciler: Reconciler;
  readonly schemas: Schemas;
  readonly watch: RevisionWatch;
  readonly signer: GrantSigner;
  readonly idempotentCalls: IdempotentCalls;
  readonly metrics: Metrics;
  /** The document that describes the routes. */
  readonly openApi: object;
}
