import { NomosError } from '@nomos/schemas';

/** A failed commit, told to a client: nothing was confirmed, trying again is safe. */
export function storeFailure(cause: unknown): NomosError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new NomosError('UNAVAILABLE', `The broker could not write to its disk (${reason}).`, {
    fix: 'Free space on the disk of the data folder, then try again.',
    cause,
  });
}
