import type { Sessions } from '../domain/admission/sessions.js';
import type { Catalog } from '../domain/catalog/catalog.js';
import type { NameJudge } from '../domain/catalog/name-judge.js';
import type { Credentials } from '../domain/credentials.js';
import type { EdgeBundles } from '../domain/edge-bundle.js';
import type { GrantSigner } from '../domain/grants.js';
import type { NormImpacts } from '../domain/norms/norm-impact.js';
import type { NormObservations } from '../domain/norms/norm-observations.js';
import type { Norms } from '../domain/norms/norms.js';
import type { Database } from '../domain/repositories.js';
import type { RevisionWatch } from '../domain/revision-watch.js';
import type { Tokens } from '../domain/tokens.js';
import type { Waivers } from '../domain/waivers/waivers.js';

/** What the routes work with. */
export interface Services {
  readonly database: Database;
  readonly catalog: Catalog;
  readonly judge: NameJudge;
  readonly norms: Norms;
  readonly impacts: NormImpacts;
  readonly observations: NormObservations;
  readonly waivers: Waivers;
  readonly tokens: Tokens;
  readonly credentials: Credentials;
  readonly sessions: Sessions;
  readonly bundles: EdgeBundles;
  readonly watch: RevisionWatch;
  readonly signer: GrantSigner;
  /** The document that describes the routes. */
  readonly openApi: object;
}
