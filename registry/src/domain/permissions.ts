import { NomosError, type Role } from '@nomos/schemas';
import type { Principal } from './principal.js';

/**
 * How far a permission reaches: `all`, or only what is one's `own`. A member's own are the entries of the
 * team's applications, an application's own are its sessions, an edge's own is its environment.
 */
export type Scope = 'all' | 'own';

const readers = { 'platform-admin': 'all', auditor: 'all', viewer: 'all', member: 'all' } as const;
const admins = { 'platform-admin': 'all' } as const;
const owners = { 'platform-admin': 'all', member: 'own' } as const;
const everybody = { ...readers, application: 'all' } as const;

/**
 * Who may do what: the only place that says so. A role that a row does not name may not. Operations that
 * are not here are open to everybody, and have `public` in their route.
 */
export const permissions = {
  'domains.read': readers,
  'domains.write': admins,
  'teams.read': readers,
  'teams.write': admins,
  'applications.read': readers,
  'applications.write': admins,
  'environments.read': readers,
  'environments.write': admins,
  'topics.read': readers,
  'topics.write': owners,
  'producer-groups.read': readers,
  'producer-groups.write': owners,
  'consumer-groups.read': readers,
  'consumer-groups.write': owners,
  'subscriptions.read': readers,
  'subscriptions.write': owners,
  'credentials.read': { 'platform-admin': 'all', auditor: 'all', member: 'own' },
  'credentials.write': owners,
  'tokens.read': { 'platform-admin': 'all', auditor: 'all' },
  'tokens.write': admins,
  'sessions.open': { application: 'own' },
  'sessions.close': { 'platform-admin': 'all', application: 'own' },
  'sessions.read': { ...readers, application: 'own' },
  'norms.read': everybody,
  'norms.write': admins,
  'norms.try': readers,
  'waivers.read': readers,
  'waivers.write': admins,
  'names.check': everybody,
  'edge.read': { edge: 'own' },
} as const satisfies Record<string, Partial<Record<Role, Scope>>>;

/** Something that a role may or may not do. */
export type Permission = keyof typeof permissions;

/**
 * How far the caller's permission reaches.
 *
 * @throws NomosError FORBIDDEN when the role does not have it.
 */
export function requirePermission(principal: Principal, permission: Permission): Scope {
  const row: Partial<Record<Role, Scope>> = permissions[permission];
  const scope = row[principal.role];
  if (scope !== undefined) return scope;
  throw new NomosError('FORBIDDEN', `The role ${principal.role} may not do this (${permission}).`, {
    fix: `Use a token of one of the roles: ${Object.keys(row).join(', ')}.`,
  });
}
