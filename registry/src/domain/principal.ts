import type { Role } from '@nomos/schemas';

/** Who makes a call, as far as the registry knows. */
export type Principal =
  | { readonly role: 'platform-admin' | 'viewer' | 'auditor'; readonly id: string }
  | { readonly role: 'member'; readonly id: string; readonly team: string }
  | { readonly role: 'edge'; readonly id: string; readonly environment: string }
  | { readonly role: 'application'; readonly id: string; readonly application: string };

/** Every role, in the order of the table of permissions. */
export const roles: readonly Role[] = [
  'platform-admin',
  'auditor',
  'viewer',
  'member',
  'application',
  'edge',
];
