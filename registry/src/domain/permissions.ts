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
  'audit.read': { 'platform-admin': 'all', auditor: 'all' },
  'sessions.open': { application: 'own' },
  'sessions.close': { ...owners, application: 'own' },
  'sessions.read': { ...readers, application: 'own' },
  'approval-policy.read': readers,
  'approval-policy.write': admins,
  'change-requests.read': readers,
  'change-requests.decide': owners,
  'change-requests.comment': { ...owners, auditor: 'all' },
  'recycling.read': readers,
  'recycling.write': owners,
  'recycling-policy.write': admins,
  'notices.read': readers,
  'schemas.read': everybody,
  'schemas.write': owners,
  'norms.read': everybody,
  'norms.write': admins,
  'norms.try': readers,
  'waivers.read': readers,
  'waivers.write': admins,
  'names.check': everybody,
  'search.read': readers,
  'whois.read': readers,
  'edge.read': { edge: 'own' },
  'edge.report': { edge: 'own' },
  'provisioning.read': readers,
  'provisioning.write': admins,
  'metrics.read': { 'platform-admin': 'all', auditor: 'all', viewer: 'all' },
} as const satisfies Record<string, Partial<Record<Role, Scope>>>;

/** Something that a role may or may not do. */
export type Permission = keyof typeof permissions;

/** Tells whether a text is one of the permissions. */
export function isPermission(text: string): text is Permission {
  return Object.hasOwn(permissions, text);
}

/** How far a role has a permission; undefined when it does not. */
export function scopeOf(role: Role, permission: Permission): Scope | undefined {
  const row: Partial<Record<Role, Scope>> = permissions[permission];
  return row[role];
}

/** Whether a permission lets nobody change anything. What is not known to be so counts as a change. */
function isReading(permission: Permission): boolean {
  return permission.endsWith('.read') || permission === 'names.check' || permission === 'norms.try';
}

/**
 * How far the caller's permission reaches.
 *
 * @throws NomosError FORBIDDEN when the role does not have it, or the token is limited to less.
 */
export function requirePermission(principal: Principal, permission: Permission): Scope {
  const { role, restriction } = principal;
  const scope = scopeOf(role, permission);
  if (scope === undefined) {
    throw new NomosError('FORBIDDEN', `The role ${role} may not do this (${permission}).`, {
      fix: `Use a token of one of the roles: ${Object.keys(permissions[permission]).join(', ')}.`,
    });
  }
  if (restriction?.readOnly && !isReading(permission)) {
    throw new NomosError('FORBIDDEN', `The token is for reading only; this is a change (${permission}).`, {
      fix: 'Use a token that is not limited to reading.',
    });
  }
  if (restriction?.permissions && !restriction.permissions.includes(permission)) {
    throw new NomosError(
      'FORBIDDEN',
      `The token is limited to other permissions than this (${permission}).`,
      {
        fix: `Use a token that has the permission ${permission}.`,
      },
    );
  }
  return scope;
}
