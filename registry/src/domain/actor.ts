import { NomosError } from '@nomos/schemas';
import type { Scope } from './permissions.js';
import type { Principal } from './principal.js';
import type { Repositories } from './repositories.js';

/** Who acts, and how far their permission reaches. */
export interface Actor {
  readonly principal: Principal;
  readonly scope: Scope;
  /** The id of the call, which the audit log keeps. */
  readonly requestId?: string;
}

/** Whoever runs the process acts with all rights. */
export const operator: Actor = { principal: { role: 'platform-admin', id: 'operator' }, scope: 'all' };

/**
 * Lets a member write only what belongs to an application of the own team.
 *
 * @throws NomosError FORBIDDEN, naming the team that may.
 */
export async function requireOwn(
  { principal, scope }: Actor,
  application: string | undefined,
  { applications }: Repositories,
): Promise<void> {
  if (scope === 'all') return;
  const owner = application === undefined ? undefined : await applications.find([application]);
  // What does not exist is nobody's; the answer then says so by a violation, not by a refusal.
  if (application === undefined || owner === undefined) return;
  if (principal.role === 'member' && owner.team === principal.team) return;
  const message = `The application "${owner.code}" belongs to the team "${owner.team}".`;
  throw new NomosError('FORBIDDEN', message, { fix: `Ask the team "${owner.team}", or a platform admin.` });
}

/**
 * Lets the bearer of a token that is limited to environments change only what is in no other environment. An
 * empty list stands for what is in all of them, such as teams, applications and credentials.
 *
 * @throws NomosError FORBIDDEN, naming the environments; thrown in a transaction, it undoes the change.
 */
export function requireEnvironments({ principal }: Actor, environments: readonly string[]): void {
  const allowed = principal.restriction?.environments;
  if (allowed === undefined) return;
  const outside = environments.filter((code) => !allowed.includes(code));
  if (environments.length > 0 && outside.length === 0) return;
  const where = environments.length === 0 ? 'all environments' : quoted(outside);
  throw new NomosError('FORBIDDEN', `The token is limited to ${quoted(allowed)}; this concerns ${where}.`, {
    fix: 'Use a token that is not limited to environments, or to others.',
  });
}

function quoted(codes: readonly string[]): string {
  return [...new Set(codes)].map((code) => `"${code}"`).join(', ');
}
