import { NomosError } from '@nomos/schemas';
import type { Actor } from '../actor.js';
import type { Repositories } from '../repositories.js';

/**
 * The lock that a revocation of a credential takes alone, and that sessions opened or renewed by it share: then the
 * revocation misses none of them.
 */
export function credentialLock(accessKey: string): string {
  return `credential:${accessKey}`;
}

/**
 * Looks again with the lock held, since the credential may have been revoked after the call was let in.
 *
 * @throws NomosError UNAUTHENTICATED.
 */
export async function requireCredential(
  { principal }: Actor,
  now: Date,
  { credentials }: Repositories,
): Promise<void> {
  if (principal.role !== 'application') return;
  const credential = await credentials.find(principal.id);
  const isOver = credential?.expiresAt !== undefined && credential.expiresAt <= now;
  if (credential !== undefined && credential.revokedAt === undefined && !isOver) return;
  throw new NomosError('UNAUTHENTICATED', 'The credential is unknown, expired or revoked.');
}
