import type { Role } from '@nomos/schemas';

/** How each role shows in the text of its tokens, so that a leaked one tells what it is. */
const roleCodes = {
  'platform-admin': 'admin',
  viewer: 'viewer',
  auditor: 'auditor',
  member: 'member',
  edge: 'edge',
  application: 'app',
} as const satisfies Record<Role, string>;

const BEARER_FORM = /^Bearer +nomos_([a-z]{3,8})_([A-Za-z0-9]{1,64})_([A-Za-z0-9]{16,128})$/i;

/** What the text of a token says before anything is looked up. */
export interface TokenParts {
  readonly role: Role;
  /** The id of the token, or the access key of an application. */
  readonly id: string;
  readonly secret: string;
}

/** The text that the bearer of a token sends. */
export function tokenText({ role, id }: Omit<TokenParts, 'secret'>, secret: string): string {
  return `nomos_${roleCodes[role]}_${id}_${secret}`;
}

/** The parts of an Authorization header; undefined when it does not hold a token of ours. */
export function readTokenText(header: string): TokenParts | undefined {
  const [, code, id, secret] = BEARER_FORM.exec(header) ?? [];
  const role = (Object.keys(roleCodes) as Role[]).find((one) => roleCodes[one] === code);
  if (role === undefined || id === undefined || secret === undefined) return undefined;
  return { role, id, secret };
}
