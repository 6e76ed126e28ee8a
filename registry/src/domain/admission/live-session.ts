import { type Manifest, NomosError, type Violation } from '@nomos/schemas';
import type { Actor } from '../actor.js';
import type { Repositories, SessionRecord } from '../repositories.js';

/** @throws NomosError FORBIDDEN unless the caller is the application, or may act for all. */
export function requireApplication({ principal, scope }: Actor, application: string): void {
  if (scope === 'all') return;
  if (principal.role === 'application' && principal.application === application) return;
  const own = principal.role === 'application' ? `"${principal.application}"` : `the role ${principal.role}`;
  throw new NomosError('FORBIDDEN', `These are credentials of ${own}, not of "${application}".`, {
    fix: `Use credentials of the application "${application}".`,
  });
}

/** @throws NomosError SESSION_ENDED or FORBIDDEN. */
export async function findLive(
  actor: Actor,
  id: string,
  now: Date,
  { sessions }: Repositories,
): Promise<SessionRecord> {
  const session = await sessions.find(id);
  if (session === undefined) throw new NomosError('SESSION_ENDED', `There is no live session "${id}".`);
  requireApplication(actor, session.application);
  if (session.closedAt !== undefined) {
    throw new NomosError(
      'SESSION_ENDED',
      `The session "${id}" was closed at ${session.closedAt.toISOString()}.`,
    );
  }
  if (session.expiresAt <= now) {
    const message = `The session "${id}" expired at ${session.expiresAt.toISOString()}, without a heartbeat.`;
    throw new NomosError('SESSION_ENDED', message);
  }
  return session;
}

/** What a new manifest would change of a session that stays for its life. */
export function examineFixedFields(session: SessionRecord, manifest: Manifest): Violation[] {
  return (['environment', 'instance'] as const)
    .filter((field) => session[field] !== manifest[field])
    .map((field) => ({
      rule: 'session-fixed',
      where: field,
      message: `The session is for the ${field} "${session[field]}", which stays for its life.`,
      expected: session[field],
    }));
}
