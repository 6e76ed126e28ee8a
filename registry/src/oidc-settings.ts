import { readFile } from 'node:fs/promises';
import { NomosError } from '@nomos/schemas';
import { type OidcOptions, parseOidcOptions } from './domain/identity/oidc-options.js';

/**
 * The options of OIDC from environment variables: NOMOS_OIDC_ISSUER, NOMOS_OIDC_AUDIENCE, and NOMOS_OIDC_ROLES as JSON
 * or as the path of a file that holds it. Undefined when none of them is set.
 *
 * @throws NomosError CONFIGURATION_INVALID when only some are set, or one cannot work.
 */
export async function readOidcSettings(environment: NodeJS.ProcessEnv): Promise<OidcOptions | undefined> {
  const issuer = environment.NOMOS_OIDC_ISSUER;
  const audience = environment.NOMOS_OIDC_AUDIENCE;
  const roles = environment.NOMOS_OIDC_ROLES;
  if (!issuer && !audience && !roles) return undefined;
  return parseOidcOptions({ issuer, audience, roles: roles ? await readRoles(roles) : undefined });
}

async function readRoles(setting: string): Promise<unknown> {
  const isJson = setting.trimStart().startsWith('{');
  try {
    return JSON.parse(isJson ? setting : await readFile(setting, 'utf8'));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new NomosError('CONFIGURATION_INVALID', `NOMOS_OIDC_ROLES cannot be read: ${reason}.`, {
      fix: 'Set it to JSON, or to the path of a file that holds JSON, as docs/registry/identity.md shows.',
      cause: error,
    });
  }
}
