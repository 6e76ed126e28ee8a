import type { Sessions } from '../domain/admission/sessions.js';
import type { Catalog } from '../domain/catalog/catalog.js';
import type { NameJudge } from '../domain/catalog/name-judge.js';
import type { Credentials } from '../domain/credentials.js';
import type { EdgeBundles } from '../domain/edge-bundle.js';
import type { GrantSigner } from '../domain/grants.js';
import type { Database } from '../domain/repositories.js';
import type { RevisionWatch } from '../domain/revision-watch.js';
import type { Schemas } from '../domain/schemas/schemas.js';
import type { Tokens } from '../domain/tokens.js';

/** What the routes work with. */
export interface Services {
  readonly database: Database;
  readonly catalog: Catalog;
  readonly judge: NameJudge;
  readonly tokens: Tokens;
  readonly credentials: Credentials;
  readonly sessions: Sessions;
  readonly bundles: EdgeBundles;
  readonly schemas: Schemas;
  readonly watch: RevisionWatch;
  readonly signer: GrantSigner;
  /** The document that describes the routes. */
  readonly openApi: object;
}
