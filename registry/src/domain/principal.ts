import type { Role, TokenRestriction } from '@nomos/schemas';

interface Identified {
  /** The id of the token, the access key, or the subject of an OIDC token. */
  readonly id: string;
  /** Who vouches for it, where that is not this registry: the issuer of an OIDC token. */
  readonly issuer?: string;
  /** To what the token is limited within its role. */
  readonly restriction?: TokenRestriction;
  /** When what the caller came with ends. */
  readonly expiresAt?: Date;
}

/** Who makes a call, as far as the registry knows. */
export type Principal = Identified &
  (
    | { readonly role: 'platform-admin' | 'viewer' | 'auditor' }
    | { readonly role: 'member'; readonly team: string }
    | { readonly role: 'edge'; readonly environment: string }
    | { readonly role: 'application'; readonly application: string }
  );

/** Every role, in the order of the table of permissions. */
export const roles: readonly Role[] = [
  'platform-admin',
  'auditor',
  'viewer',
  'member',
  'application',
  'edge',
];
