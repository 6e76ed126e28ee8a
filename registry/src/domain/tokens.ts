import { type createTokenSchema, limits, NomosError, type Violation } from '@nomos/schemas';
import type { z } from 'zod';
import { type Actor, operator } from './actor.js';
import type { AuditLog } from './audit/audit-log.js';
import type { Clock } from './clock.js';
import type { Principal } from './principal.js';
import type { Database, Repositories, TokenRecord } from './repositories.js';
import { createId, createSecret, hashSecret, secretMatches } from './secrets.js';

/** How each role shows in the text of its tokens. */
const roleCodes = {
  'platform-admin': 'admin',
  viewer: 'viewer',
  auditor: 'auditor',
  member: 'member',
  edge: 'edge',
} as const satisfies Record<TokenRecord['role'], string>;

const BEARER_FORM = /^Bearer +nomos_([a-z]{3,8})_([A-Za-z0-9]{1,64})_([A-Za-z0-9]{16,128})$/i;

/** A token as a request for a new one describes it. */
export type TokenRequest = z.output<typeof createTokenSchema>;

/** A new token: what is stored, and the text that is shown once. */
export interface IssuedToken {
  readonly record: TokenRecord;
  readonly text: string;
}

/** Issues, lists, revokes and recognises bearer tokens. */
export class Tokens {
  readonly #database: Database;
  readonly #audit: AuditLog;
  readonly #clock: Clock;

  constructor(database: Database, audit: AuditLog, clock: Clock) {
    this.#database = database;
    this.#audit = audit;
    this.#clock = clock;
  }

  /**
   * Who sent an Authorization header.
   *
   * @throws NomosError UNAUTHENTICATED; it does not tell whether the id or the secret was wrong.
   */
  async authenticate(header: string | undefined): Promise<Principal> {
    if (header === undefined) throw new NomosError('UNAUTHENTICATED', 'The call carries no token.');
    const [, code, id, secret] = BEARER_FORM.exec(header) ?? [];
    if (code === undefined || id === undefined || secret === undefined) {
      throw new NomosError('UNAUTHENTICATED', 'The Authorization header is not "Bearer" and a Nomos token.');
    }
    const principal = await (code === 'app' ? this.#application(id, secret) : this.#bearer(code, id, secret));
    if (principal === undefined) {
      throw new NomosError('UNAUTHENTICATED', 'The token is unknown, expired or revoked.');
    }
    return principal;
  }

  async #application(accessKey: string, secret: string): Promise<Principal | undefined> {
    const credential = await this.#database.repositories.credentials.find(accessKey);
    const valid = secretMatches(secret, credential?.secretHash ?? new Uint8Array(32));
    if (!valid || credential === undefined || credential.revokedAt !== undefined) return undefined;
    return { role: 'application', id: accessKey, application: credential.application };
  }

  async #bearer(code: string, id: string, secret: string): Promise<Principal | undefined> {
    const token = await this.#database.repositories.tokens.find(id);
    const valid = secretMatches(secret, token?.secretHash ?? new Uint8Array(32));
    if (!valid || token === undefined || roleCodes[token.role] !== code) return undefined;
    if (token.revokedAt !== undefined) return undefined;
    if (token.expiresAt !== undefined && token.expiresAt <= this.#clock()) return undefined;
    const { role, team, environment } = token;
    if (role === 'member') return team === undefined ? undefined : { role, id, team };
    if (role === 'edge') return environment === undefined ? undefined : { role, id, environment };
    return { role, id };
  }

  /** @throws NomosError REQUEST_INVALID when the team or environment does not exist. */
  issue(actor: Actor, request: TokenRequest): Promise<IssuedToken> {
    return this.#database.change({ catalog: true }, async (repositories) => {
      const violations = await this.#examine(request, repositories);
      if (violations.length > 0) {
        throw new NomosError('REQUEST_INVALID', 'The token cannot be issued as asked.', { violations });
      }
      return this.#insert(actor, request, false, repositories);
    });
  }

  /** The token of an edge in this very process; the one before it is revoked. */
  issueEmbedded(environment: string): Promise<string> {
    return this.#database.change({ catalog: true }, async (repositories) => {
      await requireEnvironment(environment, repositories);
      await repositories.tokens.revokeEmbedded(environment, this.#clock());
      const request: TokenRequest = {
        role: 'edge',
        description: 'The broker in the same process',
        environment,
      };
      return (await this.#insert(operator, request, true, repositories)).text;
    });
  }

  /** The very first token, of a platform admin; undefined when the database has tokens already. */
  issueFirst(): Promise<string | undefined> {
    return this.#database.change({ catalog: true }, async (repositories) => {
      if (!(await repositories.tokens.isEmpty())) return undefined;
      const request: TokenRequest = { role: 'platform-admin', description: 'The first platform admin' };
      return (await this.#insert(operator, request, false, repositories)).text;
    });
  }

  list(query: { readonly after?: string; readonly limit: number }): Promise<TokenRecord[]> {
    return this.#database.repositories.tokens.list({
      ...query,
      limit: Math.min(query.limit, limits.pageEntries + 1),
    });
  }

  /** @throws NomosError NOT_FOUND when there is no such token, or it is revoked already. */
  revoke(actor: Actor, id: string): Promise<void> {
    return this.#database.change({ catalog: true }, async (repositories) => {
      const token = await repositories.tokens.find(id);
      if (token === undefined || token.revokedAt !== undefined) {
        throw new NomosError('NOT_FOUND', `There is no token with the id "${id}".`);
      }
      await repositories.tokens.revoke(id, this.#clock());
      await this.#record(repositories, actor, 'revoke', token);
    });
  }

  #record(
    repositories: Repositories,
    actor: Actor,
    verb: 'issue' | 'revoke',
    { secretHash, createdAt, revokedAt, ...token }: TokenRecord,
  ): Promise<void> {
    const state = verb === 'issue' ? 'after' : 'before';
    return this.#audit.record(repositories, actor, {
      ...{ action: `token.${verb}`, subjectKind: 'token', subject: token.id },
      [state]: token,
    });
  }

  async #examine(request: TokenRequest, repositories: Repositories): Promise<Violation[]> {
    const violations: Violation[] = [];
    if (request.team !== undefined) {
      const team = await repositories.teams.find([request.team]);
      if (team?.status !== 'active') {
        const message = `There is no active team "${request.team}".`;
        violations.push({ rule: 'team-unknown', where: 'team', message });
      }
    }
    if (request.environment !== undefined) {
      const environment = await repositories.environments.find([request.environment]);
      if (environment?.status !== 'active') {
        const message = `There is no active environment "${request.environment}".`;
        violations.push({ rule: 'environment-unknown', where: 'environment', message });
      }
    }
    if (request.expiresAt !== undefined && new Date(request.expiresAt) <= this.#clock()) {
      const message = 'The time of expiry is in the past.';
      violations.push({ rule: 'expiry-past', where: 'expiresAt', message });
    }
    return violations;
  }

  async #insert(
    actor: Actor,
    request: TokenRequest,
    embedded: boolean,
    repositories: Repositories,
  ): Promise<IssuedToken> {
    const { team, environment, expiresAt } = request;
    const secret = createSecret();
    const record: TokenRecord = {
      id: createId(),
      role: request.role,
      description: request.description,
      ...(team === undefined ? {} : { team }),
      ...(environment === undefined ? {} : { environment }),
      ...(expiresAt === undefined ? {} : { expiresAt: new Date(expiresAt) }),
      embedded,
      secretHash: hashSecret(secret),
      createdAt: this.#clock(),
    };
    await repositories.tokens.insert(record);
    await this.#record(repositories, actor, 'issue', record);
    return { record, text: `nomos_${roleCodes[request.role]}_${record.id}_${secret}` };
  }
}

async function requireEnvironment(code: string, { environments }: Repositories): Promise<void> {
  const environment = await environments.find([code]);
  if (environment?.status === 'active') return;
  throw new NomosError('NOT_FOUND', `There is no active environment "${code}".`);
}
