import { NomosError } from '@nomos/schemas';
import type { Clock } from '../clock.js';
import type { Principal } from '../principal.js';
import type {
  CatalogEntry,
  CredentialRecord,
  Database,
  EntryRepository,
  TokenRecord,
} from '../repositories.js';
import { secretMatches } from '../secrets.js';
import { readTokenText } from './token-text.js';

/** How often a use is noted: a token that is used a thousand times a second costs one write a minute. */
const NOTE_USE_MS = 60_000;

const BEARER_JWT_FORM = /^Bearer +([A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+)$/i;

/** Tells who a token of an identity provider stands for. */
export interface JwtVerifier {
  /** @throws NomosError UNAUTHENTICATED, FORBIDDEN when it maps to no role, or UNAVAILABLE. */
  verify(token: string): Promise<Principal>;
}

/** Recognises who sends an Authorization header. Nothing is remembered: a revocation counts at once. */
export class Authenticator {
  readonly #database: Database;
  readonly #clock: Clock;
  readonly #oidc: JwtVerifier | undefined;

  constructor(database: Database, clock: Clock, oidc?: JwtVerifier) {
    this.#database = database;
    this.#clock = clock;
    this.#oidc = oidc;
  }

  /**
   * Who sent an Authorization header.
   *
   * @throws NomosError UNAUTHENTICATED; it does not tell whether the id or the secret was wrong.
   */
  async authenticate(header: string | undefined): Promise<Principal> {
    if (header === undefined) throw new NomosError('UNAUTHENTICATED', 'The call carries no token.');
    const [, jwt] = this.#oidc === undefined ? [] : (BEARER_JWT_FORM.exec(header) ?? []);
    if (jwt !== undefined && this.#oidc !== undefined) return this.#oidc.verify(jwt);
    const parts = readTokenText(header);
    if (parts === undefined) {
      const known = this.#oidc === undefined ? 'a Nomos token' : 'a Nomos token or a JWT';
      throw new NomosError('UNAUTHENTICATED', `The Authorization header is not "Bearer" and ${known}.`);
    }
    const { role, id, secret } = parts;
    const principal = await (role === 'application'
      ? this.#application(id, secret)
      : this.#bearer(role, id, secret));
    if (principal !== undefined) return principal;
    throw new NomosError('UNAUTHENTICATED', 'The token is unknown, expired or revoked.');
  }

  async #application(accessKey: string, secret: string): Promise<Principal | undefined> {
    const { credentials, applications } = this.#database.repositories;
    const credential = await credentials.find(accessKey);
    const now = this.#clock();
    const valid = secretMatches(secret, credential?.secretHash ?? new Uint8Array(32));
    if (!valid || credential === undefined || !isGood(credential, now)) return undefined;
    if (!(await isInUse(credential.application, applications))) return undefined;
    await noteUse(credential.lastUsedAt, now, (unlessAfter) =>
      credentials.noteUse(accessKey, now, unlessAfter),
    );
    return { role: 'application', id: accessKey, application: credential.application };
  }

  async #bearer(role: string, id: string, secret: string): Promise<Principal | undefined> {
    const { tokens } = this.#database.repositories;
    const token = await tokens.find(id);
    const now = this.#clock();
    const valid = tokenSecretMatches(secret, token, now);
    if (!valid || token === undefined || token.role !== role || !isGood(token, now)) return undefined;
    const { teams, environments } = this.#database.repositories;
    if (!(await isInUse(token.team, teams)) || !(await isInUse(token.environment, environments)))
      return undefined;
    await noteUse(token.lastUsedAt, now, (unlessAfter) => tokens.noteUse(id, now, unlessAfter));
    return principalOf(token);
  }
}

/** Both secrets are compared each time, so that the duration does not tell whether there are two. */
function tokenSecretMatches(secret: string, token: TokenRecord | undefined, now: Date): boolean {
  const nothing = new Uint8Array(32);
  const present = secretMatches(secret, token?.secretHash ?? nothing);
  const previous = secretMatches(secret, token?.previousSecretHash ?? nothing);
  const overlaps = token?.previousSecretUntil !== undefined && token.previousSecretUntil > now;
  return present || (previous && overlaps);
}

function isGood(
  { revokedAt, expiresAt }: Pick<CredentialRecord, 'revokedAt' | 'expiresAt'>,
  now: Date,
): boolean {
  return revokedAt === undefined && (expiresAt === undefined || expiresAt > now);
}

/** Whether what a token stands for is there; one that stands for nothing lacks nothing. */
async function isInUse(code: string | undefined, entries: EntryRepository<CatalogEntry>): Promise<boolean> {
  if (code === undefined) return true;
  const entry = await entries.find([code]);
  return entry !== undefined && entry.status !== 'retired';
}

async function noteUse(
  lastUsedAt: Date | undefined,
  now: Date,
  note: (unlessAfter: Date) => Promise<void>,
): Promise<void> {
  const unlessAfter = new Date(now.getTime() - NOTE_USE_MS);
  if (lastUsedAt !== undefined && lastUsedAt > unlessAfter) return;
  // A call is not refused because a note could not be written, for instance while the database only reads.
  await note(unlessAfter).catch(() => undefined);
}

function principalOf(token: TokenRecord): Principal | undefined {
  const { role, id, team, environment, restriction, expiresAt } = token;
  const who = { id, expiresAt, ...(restriction === undefined ? {} : { restriction }) };
  if (role === 'member') return team === undefined ? undefined : { ...who, role, team };
  if (role === 'edge') return environment === undefined ? undefined : { ...who, role, environment };
  return { ...who, role };
}
