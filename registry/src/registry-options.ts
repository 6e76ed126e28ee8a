import type { Logger } from '@nomos/schemas';
import type { SessionTimes } from './domain/admission/sessions.js';
import type { Clock } from './domain/clock.js';
import type { OidcOptions } from './domain/identity/oidc-options.js';
import type { ReconcilerTimes } from './domain/provisioning/reconciler.js';
import type { AppSettings } from './http/express-app.js';
import type { RequestLimits } from './http/request-gate.js';
import type { NotifyOptions } from './notify/notify-options.js';

/** Where and how a registry runs. */
export interface RegistryOptions extends AppSettings {
  /** Keys, and the embedded database if there is no other; made if missing. */
  readonly dataFolder: string;
  /** A Postgres of your own, instead of the embedded one. */
  readonly databaseUrl?: string;
  /** 127.0.0.1 by default. */
  readonly host?: string;
  /** 0 for any free port. */
  readonly port: number;
  /**
   * 64 hexadecimal digits that encrypt secrets in the database; the environment variable NOMOS_SECRET_KEY,
   * or the file `secret.key` of the data folder by default. Registries on one database need the same.
   */
  readonly secretKey?: string;
  /**
   * The key that `secretKey` takes the place of: the start encrypts anew what it encrypted. The environment variable
   * NOMOS_SECRET_KEY_PREVIOUS by default.
   */
  readonly previousSecretKey?: string;
  readonly log?: Logger;
  readonly clock?: Clock;
  readonly sessionTimes?: Partial<SessionTimes>;
  /** For how long the name of a retired entry stays reserved; 180 days by default. */
  readonly nameReservationMs?: number;
  /** An identity provider whose users may sign in; the variables NOMOS_OIDC_… by default. */
  readonly oidc?: OidcOptions;
  /** How many calls are let through; see `defaultRequestLimits`. */
  readonly requestLimits?: Partial<RequestLimits>;
  /**
   * Proxies between clients and this server, so that limits count the clients' addresses; NOMOS_TRUSTED_PROXIES or
   * none by default. With more than there are, a client can pretend to have any address.
   */
  readonly trustedProxies?: number;
  /** Where notices to teams are sent; NOMOS_NOTIFY_URL and NOMOS_NOTIFY_SECRET, or nowhere by default. */
  readonly notify?: NotifyOptions;
  readonly reconcilerTimes?: Partial<ReconcilerTimes>;
}
