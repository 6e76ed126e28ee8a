import type { Actor } from '../actor.js';
import type { AuditLog } from '../audit/audit-log.js';
import type { Repositories, TokenRecord } from '../repositories.js';

/** What a token can stand for. */
export type TokenSubject = 'team' | 'environment';

/**
 * Ends the tokens of a team or an environment with it, and takes the environment from those that are limited to
 * more than that one: whoever registers the name anew owes the bearers nothing.
 */
export async function endTokensOf(
  subject: TokenSubject,
  code: string,
  at: Date,
  actor: Actor,
  audit: AuditLog,
  repositories: Repositories,
): Promise<void> {
  for (const token of await repositories.tokens.listOf(subject, code)) {
    const environments = token.restriction?.environments?.filter((one) => one !== code) ?? [];
    if (token[subject] === code || environments.length === 0) {
      await endToken(token, at, actor, audit, repositories);
      continue;
    }
    const narrowed = { ...token, restriction: { ...token.restriction, environments } };
    await repositories.tokens.update(narrowed);
    await recordToken('restrict', { before: token, after: narrowed }, actor, audit, repositories);
  }
}

/** Revokes a token, and says so in the audit log. */
export async function endToken(
  token: TokenRecord,
  at: Date,
  actor: Actor,
  audit: AuditLog,
  repositories: Repositories,
): Promise<void> {
  await repositories.tokens.update({ ...token, revokedAt: at });
  await recordToken('revoke', { before: token }, actor, audit, repositories);
}

/** Writes down what was done to a token. */
export function recordToken(
  verb: 'issue' | 'rotate' | 'restrict' | 'revoke',
  { before, after }: { readonly before?: TokenRecord; readonly after?: TokenRecord },
  actor: Actor,
  audit: AuditLog,
  repositories: Repositories,
): Promise<void> {
  return audit.record(repositories, actor, {
    ...{ action: `token.${verb}`, subjectKind: 'token', subject: (after ?? before)?.id ?? '' },
    ...(before === undefined ? {} : { before: withoutSecrets(before) }),
    ...(after === undefined ? {} : { after: withoutSecrets(after) }),
  });
}

function withoutSecrets({
  secretHash,
  previousSecretHash,
  createdAt,
  revokedAt,
  lastUsedAt,
  expiresAt,
  previousSecretUntil,
  ...token
}: TokenRecord): object {
  return {
    ...token,
    expiresAt: expiresAt.toISOString(),
    ...(previousSecretUntil === undefined ? {} : { previousSecretUntil: previousSecretUntil.toISOString() }),
  };
}
