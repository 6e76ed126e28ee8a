import type { Sessions } from '../domain/admission/sessions.js';
import type { Catalog } from '../domain/catalog/catalog.js';
import type { NameJudge } from '../domain/catalog/name-judge.js';
import type { Credentials } from '../domain/credentials.js';
import type { EdgeBundles } from '../domain/edge-bundle.js';
import type { GrantSigner } from '../domain/grants.js';
import type { IdempotentCalls } from '../domain/idempotency/idempotent-calls.js';
import type { Database } from '../domain/repositories.js';
import type { RevisionWatch } from '../domain/revision-watch.js';
import type { Tokens } from '../domain/tokens.js';
import type { Metrics } from './metrics.js';

/** What the routes work with. */
export interface Services {
  readonly database: Database;
  readonly catalog: Catalog;
  readonly judge: NameJudge;
  readonly tokens: Tokens;
  readonly credentials: Credentials;
  readonly sessions: Sessions;
  readonly bundles: EdgeBundles;
  readonly watch: RevisionWatch;
  readonly signer: GrantSigner;
  readonly idempotentCalls: IdempotentCalls;
  readonly metrics: Metrics;
  /** The document that describes the routes. */
  readonly openApi: object;
}
