import { hostname } from 'node:os';
import { silentLogger } from '@nomos/schemas';
import { defaultSessionTimes, Sessions } from './domain/admission/sessions.js';
import { SubscriptionChanges } from './domain/admission/subscription-changes.js';
import { ApprovalGate } from './domain/approvals/approval-gate.js';
import { Approvals } from './domain/approvals/approvals.js';
import { AuditLog } from './domain/audit/audit-log.js';
import { AuditTrail } from './domain/audit/audit-trail.js';
import { ApprovedChanges } from './domain/catalog/approved-changes.js';
import { Catalog } from './domain/catalog/catalog.js';
import { NameJudge } from './domain/catalog/name-judge.js';
import { systemClock } from './domain/clock.js';
import { Credentials } from './domain/credentials.js';
import { EdgeBundles } from './domain/edge/edge-bundles.js';
import { GrantSigner } from './domain/grants.js';
import { IdempotentCalls } from './domain/idempotency/idempotent-calls.js';
import { Authenticator } from './domain/identity/authenticator.js';
import { hasAdminRole } from './domain/identity/oidc-options.js';
import { OidcVerifier } from './domain/identity/oidc-verifier.js';
import { NormImpacts } from './domain/norms/norm-impact.js';
import { NormObservations } from './domain/norms/norm-observations.js';
import { Norms } from './domain/norms/norms.js';
import { Notices } from './domain/notices/notices.js';
import { Provisioning } from './domain/provisioning/provisioning.js';
import { defaultReconcilerTimes, Reconciler } from './domain/provisioning/reconciler.js';
import { CaseLog } from './domain/recycling/case-log.js';
import { Recycling } from './domain/recycling/recycling.js';
import { RecyclingSweep } from './domain/recycling/recycling-sweep.js';
import type { Database } from './domain/repositories.js';
import type { RevisionWatch } from './domain/revision-watch.js';
import { Schemas } from './domain/schemas/schemas.js';
import { createId, type SecretBox } from './domain/secrets.js';
import { Tokens } from './domain/tokens.js';
import { UsageDesk } from './domain/usage/usage-desk.js';
import { Waivers } from './domain/waivers/waivers.js';
import { WhoisDesk } from './domain/whois/whois.js';
import { Metrics } from './http/metrics.js';
import { generateOpenApi, readVersion } from './http/openapi.js';
import type { Services } from './http/services.js';
import { postNotice } from './notify/post-notice.js';
import type { RegistryOptions } from './registry-options.js';
import { RemotingBrokerAdmin } from './remoting/remoting-broker-admin.js';

/** Everything that routes and background jobs work with. */
export async function createServices(
  database: Database,
  watch: RevisionWatch,
  secrets: SecretBox,
  options: RegistryOptions,
): Promise<Services> {
  const { clock = systemClock, log = silentLogger } = options;
  const { oidc, sessionTimes, nameReservationMs, reconcilerTimes } = options;
  const observations = new NormObservations(database, clock);
  const judge = new NameJudge(observations, clock);
  const signer = await GrantSigner.open(database, secrets, clock);
  const audit = new AuditLog(clock);
  const times = { ...defaultSessionTimes, ...sessionTimes };
  const credentials = new Credentials(database, secrets, audit, clock, times.grantGraceMs);
  const notify = options.notify === undefined ? undefined : postNotice(options.notify);
  const notices = new Notices(database, clock, log, notify);
  const gate = new ApprovalGate(audit, notices, clock);
  const catalog = new Catalog(database, judge, gate, audit, clock, nameReservationMs);
  const changes = new ApprovedChanges(catalog);
  const caseLog = new CaseLog(notices, audit);
  const recycling = new Recycling(database, changes, caseLog, audit, clock);
  const provisioning = new Provisioning(database, secrets, audit);
  const reconciler = new Reconciler({
    ...{ database, provisioning, audit, clock, log },
    connect: (target) => new RemotingBrokerAdmin(target),
    times: { ...defaultReconcilerTimes, ...reconcilerTimes },
    holder: `${hostname()} ${process.pid} ${createId()}`,
  });
  return {
    database,
    provisioning,
    reconciler,
    watch,
    judge,
    signer,
    credentials,
    catalog,
    notices,
    approvals: new Approvals(database, changes, gate, audit, clock),
    usage: new UsageDesk(database, clock),
    recycling,
    recyclingSweep: new RecyclingSweep(database, recycling, caseLog, audit, { clock, log }),
    whois: new WhoisDesk(database, judge, clock),
    auditTrail: new AuditTrail(database),
    authenticator: new Authenticator(database, clock, oidc && new OidcVerifier(oidc, clock, log)),
    tokens: new Tokens(database, audit, { clock, hasOidcAdmins: oidc !== undefined && hasAdminRole(oidc) }),
    schemas: new Schemas(database, audit, clock),
    sessions: new Sessions(database, judge, signer, audit, clock, times),
    subscriptionChanges: new SubscriptionChanges(database, gate, audit, clock, times.grantGraceMs),
    metrics: new Metrics(database, clock, readVersion()),
    idempotentCalls: new IdempotentCalls(database, secrets, clock),
    bundles: new EdgeBundles(database, signer, credentials, judge, clock),
    norms: new Norms(database, judge, audit, clock),
    impacts: new NormImpacts(database, judge, clock),
    observations,
    waivers: new Waivers(database, audit, clock),
    openApi: generateOpenApi(),
  };
}
