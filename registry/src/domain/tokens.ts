import {
  type createTokenSchema,
  limits,
  NomosError,
  type rotateTokenSchema,
  type Violation,
} from '@nomos/schemas';
import type { z } from 'zod';
import { type Actor, operator } from './actor.js';
import type { AuditLog } from './audit/audit-log.js';
import type { Clock } from './clock.js';
import { endToken, recordToken } from './identity/token-endings.js';
import { examinePower, examineRestriction, type TokenPower } from './identity/token-restriction.js';
import { tokenText } from './identity/token-text.js';
import type { Database, PageQuery, Repositories, TokenRecord } from './repositories.js';
import { createId, createSecret, hashSecret } from './secrets.js';

const DAY_MS = 24 * 60 * 60 * 1000;

/**
 * How long tokens live. People's and pipelines' are replaced each quarter. An edge's lives longer: where it
 * ends unnoticed, a broker no longer learns of changes, which is worse than a secret that only reads.
 */
const lifetimes = {
  token: { defaultMs: 90 * DAY_MS, maxMs: 365 * DAY_MS },
  edge: { defaultMs: 365 * DAY_MS, maxMs: 730 * DAY_MS },
} as const;

/** The first admin's token has to last until there are others, or OIDC. */
const FIRST_ADMIN_MS = 365 * DAY_MS;

/** The next start of the process replaces it, and a process may run long. */
const EMBEDDED_MS = 3650 * DAY_MS;

/** A token as a request for a new one describes it. */
export type TokenRequest = z.output<typeof createTokenSchema>;

/** A new token: what is stored, and the text that is shown once. */
export interface IssuedToken {
  readonly record: TokenRecord;
  readonly text: string;
}

/** What tokens need to know beside the database. */
export interface TokenOptions {
  readonly clock: Clock;
  /** Whether platform admins can also sign in with OIDC, so that no token is the last way in. */
  readonly hasOidcAdmins: boolean;
}

/** Issues, rotates, lists and revokes bearer tokens. */
export class Tokens {
  readonly #database: Database;
  readonly #audit: AuditLog;
  readonly #clock: Clock;
  readonly #hasOidcAdmins: boolean;

  constructor(database: Database, audit: AuditLog, { clock, hasOidcAdmins }: TokenOptions) {
    this.#database = database;
    this.#audit = audit;
    this.#clock = clock;
    this.#hasOidcAdmins = hasOidcAdmins;
  }

  /**
   * @throws NomosError REQUEST_INVALID when what it is for does not exist, or it lives too long; FORBIDDEN when it
   * would be good for more than the issuer's own.
   */
  issue(actor: Actor, request: TokenRequest): Promise<IssuedToken> {
    return this.#database.change({ catalog: true }, async (repositories) => {
      const expiresAt = this.#endOf(request.role, request.expiresAt);
      const violations = [
        ...(await examineReferences(request, repositories)),
        ...examineRestriction(request.role, request.restriction ?? {}),
        ...this.#examineEnd(request.role, expiresAt),
      ];
      if (violations.length > 0) {
        throw new NomosError('REQUEST_INVALID', 'The token cannot be issued as asked.', { violations });
      }
      return this.#insert(actor, request, expiresAt, false, repositories);
    });
  }

  /** The token of an edge in this very process; the one before it is revoked. */
  issueEmbedded(environment: string): Promise<string> {
    return this.#database.change({ catalog: true }, async (repositories) => {
      await requireEnvironment(environment, repositories);
      const now = this.#clock();
      const before = await repositories.tokens.listOf('environment', environment);
      for (const token of before.filter(({ embedded }) => embedded)) {
        await endToken(token, now, operator, this.#audit, repositories);
      }
      const request: TokenRequest = {
        role: 'edge',
        description: 'The broker in the same process',
        environment,
      };
      const expiresAt = new Date(now.getTime() + EMBEDDED_MS);
      return (await this.#insert(operator, request, expiresAt, true, repositories)).text;
    });
  }

  /**
   * A platform admin's token, where nobody could administer the registry without: in a new database, and when
   * every such token has ended. Whoever starts the process sees it, and has the database anyway.
   */
  issueAdminIfNone(): Promise<string | undefined> {
    return this.#database.change({ catalog: true }, async (repositories) => {
      const now = this.#clock();
      const isNew = await repositories.tokens.isEmpty();
      if (!isNew && (this.#hasOidcAdmins || (await repositories.tokens.hasAdmin(now)))) return undefined;
      const request: TokenRequest = {
        role: 'platform-admin',
        description: isNew ? 'The first platform admin' : 'Issued at a start, since no admin token was left',
      };
      const expiresAt = new Date(now.getTime() + FIRST_ADMIN_MS);
      return (await this.#insert(operator, request, expiresAt, false, repositories)).text;
    });
  }

  list(query: PageQuery & { readonly includeRevoked: boolean }): Promise<TokenRecord[]> {
    return this.#database.repositories.tokens.list({
      ...query,
      limit: Math.min(query.limit, limits.pageEntries + 1),
    });
  }

  /** Whether a token counts, or why not any more. */
  stateOf({ revokedAt, expiresAt }: TokenRecord): 'active' | 'expired' | 'revoked' {
    if (revokedAt !== undefined) return 'revoked';
    return expiresAt <= this.#clock() ? 'expired' : 'active';
  }

  /**
   * Gives a token a new secret, and a new end. The secret before counts for the given time; one from before that
   * one no more.
   *
   * @throws NomosError NOT_FOUND, REQUEST_INVALID, or FORBIDDEN when the token is good for more than the caller's.
   */
  rotate(actor: Actor, id: string, request: z.output<typeof rotateTokenSchema>): Promise<IssuedToken> {
    return this.#database.change({ catalog: true }, async (repositories) => {
      const before = await findToken(id, repositories);
      const expiresAt = this.#endOf(before.role, request.expiresAt);
      const violations = this.#examineEnd(before.role, expiresAt);
      if (violations.length > 0) {
        throw new NomosError('REQUEST_INVALID', 'The token cannot be rotated as asked.', { violations });
      }
      requirePower(actor, { ...before, expiresAt });
      const now = this.#clock();
      const secret = createSecret();
      const overlapEnd = now.getTime() + request.overlapSeconds * 1000;
      const record: TokenRecord = {
        ...before,
        ...{ expiresAt, secretHash: hashSecret(secret), previousSecretHash: before.secretHash },
        // The old secret does not outlive what it was issued for.
        previousSecretUntil: new Date(Math.min(overlapEnd, before.expiresAt.getTime())),
      };
      await repositories.tokens.update(record);
      await recordToken('rotate', { before, after: record }, actor, this.#audit, repositories);
      return { record, text: tokenText(record, secret) };
    });
  }

  /** @throws NomosError NOT_FOUND when there is no such token, or it is revoked already; LAST_ADMIN or FORBIDDEN. */
  revoke(actor: Actor, id: string): Promise<void> {
    return this.#database.change({ catalog: true }, async (repositories) => {
      const token = await findToken(id, repositories);
      requirePower(actor, token);
      const now = this.#clock();
      const isAdmin =
        token.role === 'platform-admin' && token.restriction === undefined && token.expiresAt > now;
      if (isAdmin && !this.#hasOidcAdmins && !(await repositories.tokens.hasAdmin(now, id))) {
        throw new NomosError('LAST_ADMIN', `The token "${id}" is the last one of a platform admin.`);
      }
      await endToken(token, now, actor, this.#audit, repositories);
    });
  }

  #endOf(role: TokenRecord['role'], asked: string | undefined): Date {
    if (asked !== undefined) return new Date(asked);
    return new Date(this.#clock().getTime() + lifetimeOf(role).defaultMs);
  }

  #examineEnd(role: TokenRecord['role'], expiresAt: Date): Violation[] {
    const now = this.#clock().getTime();
    if (expiresAt.getTime() <= now) {
      const message = 'The time of expiry is in the past.';
      return [{ rule: 'expiry-past', where: 'expiresAt', message }];
    }
    const { maxMs } = lifetimeOf(role);
    if (expiresAt.getTime() <= now + maxMs) return [];
    const message = `A token of the role ${role} lives at most ${maxMs / DAY_MS} days.`;
    const expected = `at most ${new Date(now + maxMs).toISOString()}`;
    return [{ rule: 'expiry-far', where: 'expiresAt', message, expected }];
  }

  async #insert(
    actor: Actor,
    { role, description, team, environment, restriction }: TokenRequest,
    expiresAt: Date,
    embedded: boolean,
    repositories: Repositories,
  ): Promise<IssuedToken> {
    const secret = createSecret();
    const record: TokenRecord = {
      ...{ id: createId(), role, description, embedded, expiresAt },
      ...(team === undefined ? {} : { team }),
      ...(environment === undefined ? {} : { environment }),
      ...(restriction === undefined ? {} : { restriction }),
      secretHash: hashSecret(secret),
      createdAt: this.#clock(),
    };
    requirePower(actor, record);
    await repositories.tokens.insert(record);
    await recordToken('issue', { after: record }, actor, this.#audit, repositories);
    return { record, text: tokenText(record, secret) };
  }
}

function lifetimeOf(role: TokenRecord['role']) {
  return role === 'edge' ? lifetimes.edge : lifetimes.token;
}

function requirePower(actor: Actor, token: TokenPower): void {
  const violations = examinePower(actor.principal, token);
  if (violations.length === 0) return;
  throw new NomosError('FORBIDDEN', 'The token would be good for more than the one you came with.', {
    violations,
    fix: 'Ask for less, or use a token that is not limited.',
  });
}

async function findToken(id: string, { tokens }: Repositories): Promise<TokenRecord> {
  const token = await tokens.find(id);
  if (token !== undefined && token.revokedAt === undefined) return token;
  throw new NomosError('NOT_FOUND', `There is no token with the id "${id}".`);
}

async function examineReferences(request: TokenRequest, repositories: Repositories): Promise<Violation[]> {
  const violations: Violation[] = [];
  const team = request.team === undefined ? undefined : await repositories.teams.find([request.team]);
  if (request.team !== undefined && team?.status !== 'active') {
    const message = `There is no active team "${request.team}".`;
    violations.push({ rule: 'team-unknown', where: 'team', message });
  }
  const named = [
    ...(request.environment === undefined ? [] : [{ code: request.environment, where: 'environment' }]),
    ...(request.restriction?.environments ?? []).map((code, index) => ({
      code,
      where: `restriction.environments[${index}]`,
    })),
  ];
  for (const { code, where } of named) {
    const environment = await repositories.environments.find([code]);
    if (environment?.status === 'active') continue;
    violations.push({
      rule: 'environment-unknown',
      where,
      message: `There is no active environment "${code}".`,
    });
  }
  return violations;
}

async function requireEnvironment(code: string, { environments }: Repositories): Promise<void> {
  const environment = await environments.find([code]);
  if (environment?.status === 'active') return;
  throw new NomosError('NOT_FOUND', `There is no active environment "${code}".`);
}
