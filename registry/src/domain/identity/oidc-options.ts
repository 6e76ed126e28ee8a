import { codeSchema, NomosError, roleSchema } from '@nomos/schemas';
import { z } from 'zod';

/** A role that a value of the claim gives; a member's with its team. */
const assignmentSchema = z.union([
  z.strictObject({ role: roleSchema.extract(['platform-admin', 'auditor', 'viewer']) }),
  z.strictObject({ role: z.literal('member'), team: codeSchema }),
]);

const rolesSchema = z.strictObject({
  /** The name of the claim, or the path to it within objects: `realm_access.roles`. */
  claim: z.string().min(1).max(256),
  /** What each value of the claim gives. The first entry whose value the token has counts. */
  map: z
    .record(z.string().min(1).max(256), assignmentSchema)
    .refine((map) => Object.keys(map).length > 0, 'at least one value')
    .refine((map) => !Object.keys(map).some((value) => /^[0-9]+$/.test(value)), {
      message: 'values that are whole numbers have no order in JSON, and the first entry counts',
    }),
});

const optionsSchema = z.strictObject({
  issuer: z.string().refine(isSafeUrl, 'an https URL; http only for loopback'),
  audience: z.string().min(1).max(512),
  roles: rolesSchema,
});

/** Who may sign in with an identity provider, and as what. */
export type OidcOptions = z.infer<typeof optionsSchema>;
export type OidcAssignment = z.infer<typeof assignmentSchema>;

/**
 * Checks options as they came from a person.
 *
 * @throws NomosError CONFIGURATION_INVALID with everything that is wrong.
 */
export function parseOidcOptions(value: unknown): OidcOptions {
  const result = optionsSchema.safeParse(value);
  if (result.success) return result.data;
  const violations = result.error.issues.map(({ path, message }) => ({
    rule: 'oidc-option',
    where: path.join('.'),
    message: `${path.join('.')}: ${message}.`,
  }));
  const text = violations.map(({ message }) => message).join(' ');
  throw new NomosError('CONFIGURATION_INVALID', `The options of OIDC cannot work. ${text}`, {
    violations,
    fix: 'Correct NOMOS_OIDC_ISSUER, NOMOS_OIDC_AUDIENCE and NOMOS_OIDC_ROLES as docs/registry/identity.md says.',
  });
}

/** Whether one of the values makes somebody a platform admin. */
export function hasAdminRole({ roles }: OidcOptions): boolean {
  return Object.values(roles.map).some(({ role }) => role === 'platform-admin');
}

/** https anywhere; http only where nobody is on the line between. */
export function isSafeUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname, username, password, hash } = new URL(text);
  if (username !== '' || password !== '' || hash !== '') return false;
  const isLoopback =
    hostname === 'localhost' || hostname === '[::1]' || /^127(\.[0-9]{1,3}){3}$/.test(hostname);
  return protocol === 'https:' || (protocol === 'http:' && isLoopback);
}
