export type { SessionTimes } from './domain/admission/sessions.js';
export type { AuditEvent } from './domain/audit/audit-event.js';
export { parseAuditEvent } from './domain/audit/audit-event-json.js';
export { type Anchor, formatAnchor, parseAnchor, verifyChain } from './domain/audit/verify-chain.js';
export type { Clock } from './domain/clock.js';
export type { OidcOptions } from './domain/identity/oidc-options.js';
export { generateOpenApi } from './http/openapi.js';
export type { RequestLimits } from './http/request-gate.js';
export { type Postgres, type PostgresOptions, startPostgres } from './postgres/start-postgres.js';
export {
  type EnvironmentDescription,
  type Registry,
  type RegistryOptions,
  startRegistry,
} from './start-registry.js';
