import { type GrantClaims, grantClaimsSchema, NomosError } from '@nomos/schemas';

/**
 * What a grant states. Its signature is for the broker to verify; the SDK only wants to know what it may do,
 * and got the grant from the registry itself.
 */
export function readGrant(grant: string): GrantClaims {
  const [, payload = ''] = grant.split('.');
  let claims: unknown;
  try {
    claims = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'));
  } catch (cause) {
    throw unreadable(cause);
  }
  const read = grantClaimsSchema.safeParse(claims);
  if (read.success) return read.data;
  throw unreadable(read.error);
}

function unreadable(cause: unknown): NomosError {
  return new NomosError('INTERNAL', 'The registry gave a grant that this SDK cannot read.', {
    fix: 'Use versions of SDK and registry that fit.',
    cause,
  });
}
