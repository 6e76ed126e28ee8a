import { type Permission, permissions } from '../domain/permissions.js';

/** The tokens of one caller of each kind that the tests of all routes need. */
export interface CallerTokens {
  readonly 'platform-admin': string;
  readonly application: string;
  readonly edge: string;
}

/** The token of somebody who may do it, of a platform admin if they may. */
export function tokenFor(permission: Permission | 'public', tokens: CallerTokens): string {
  if (permission === 'public') return tokens['platform-admin'];
  const row = permissions[permission];
  const role = (['platform-admin', 'application', 'edge'] as const).find((one) => Object.hasOwn(row, one));
  if (role === undefined) throw new Error(`Nobody here may ${permission}.`);
  return tokens[role];
}
