import { NomosError } from '@nomos/schemas';
import type { Scope } from './permissions.js';
import type { Principal } from './principal.js';
import type { Repositories } from './repositories.js';

/** Who acts, and how far their permission reaches. */
export interface Actor {
  readonly principal: Principal;
  readonly scope: Scope;
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
