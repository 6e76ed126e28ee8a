export type { SessionTimes } from './domain/admission/sessions.js';
export type { Clock } from './domain/clock.js';
export type { OidcOptions } from './domain/identity/oidc-options.js';
export type { BrokerAdmin, BrokerTarget, EntrySettings } from './domain/provisioning/broker-admin.js';
export type { ReconcilerTimes } from './domain/provisioning/reconciler.js';
export { generateOpenApi } from './http/openapi.js';
export type { RequestLimits } from './http/request-gate.js';
export { type Postgres, type PostgresOptions, startPostgres } from './postgres/start-postgres.js';
export type { RegistryOptions } from './registry-options.js';
export { RemotingBrokerAdmin } from './remoting/remoting-broker-admin.js';
export {
  type BrokerAccessDescription,
  type EnvironmentDescription,
  type Registry,
  startRegistry,
} from './start-registry.js';
