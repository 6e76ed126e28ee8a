export type { SessionTimes } from './domain/admission/sessions.js';
export type { Clock } from './domain/clock.js';
export { generateOpenApi } from './http/openapi.js';
export { type Postgres, type PostgresOptions, startPostgres } from './postgres/start-postgres.js';
export {
  type BrokerAccessDescription,
  type EnvironmentDescription,
  type Registry,
  type RegistryOptions,
  startRegistry,
} from './start-registry.js';
