import type { TokenRestriction, Violation } from '@nomos/schemas';
import { isPermission, type Permission, permissions, scopeOf } from '../permissions.js';
import type { Principal } from '../principal.js';
import type { TokenRecord } from '../repositories.js';

/** The part of a token that says what it is good for. */
export type TokenPower = Pick<TokenRecord, 'role' | 'restriction' | 'environment' | 'expiresAt'>;

/** What is wrong with the restriction of a token of a role, by itself. */
export function examineRestriction(
  role: TokenRecord['role'],
  { permissions: listed = [] }: TokenRestriction,
): Violation[] {
  return listed.flatMap((permission, index): Violation[] => {
    const where = `restriction.permissions[${index}]`;
    if (!isPermission(permission)) {
      const expected = `one of ${Object.keys(permissions).join(', ')}`;
      const message = `There is no permission "${permission}".`;
      return [{ rule: 'permission-unknown', where, message, expected }];
    }
    if (scopeOf(role, permission) !== undefined) return [];
    const message = `The role ${role} does not have the permission ${permission}.`;
    return [{ rule: 'permission-not-of-role', where, message }];
  });
}

/**
 * In what a token would be good for more than the one that its issuer came with: nobody can give away what
 * they do not have, nor prolong what they have.
 */
export function examinePower(issuer: Principal, token: TokenPower): Violation[] {
  const { restriction } = issuer;
  const violations: Violation[] = [];
  const exceed = (where: string, message: string) =>
    violations.push({ rule: 'exceeds-issuer', where, message });
  if (restriction !== undefined) {
    if (issuer.expiresAt !== undefined && token.expiresAt > issuer.expiresAt) {
      exceed('expiresAt', `Your own token ends at ${issuer.expiresAt.toISOString()}.`);
    }
    const own = restriction.permissions;
    const more = own === undefined ? [] : permissionsOf(token).filter((one) => !own.includes(one));
    if (more.length > 0)
      exceed('restriction.permissions', `Your own token does not have: ${more.join(', ')}.`);
    const { environments: ownEnvironments } = restriction;
    const environments = token.role === 'edge' ? asList(token.environment) : token.restriction?.environments;
    const elsewhere = environments?.filter((code) => !ownEnvironments?.includes(code));
    if (ownEnvironments !== undefined && elsewhere?.length !== 0) {
      exceed('restriction.environments', `Your own token is limited to: ${ownEnvironments.join(', ')}.`);
    }
  }
  return violations;
}

function permissionsOf({ role, restriction }: TokenPower): Permission[] {
  const all = Object.keys(permissions).filter(isPermission);
  return all.filter(
    (permission) =>
      scopeOf(role, permission) !== undefined && (restriction?.permissions?.includes(permission) ?? true),
  );
}

function asList(code: string | undefined): string[] {
  return code === undefined ? [] : [code];
}
