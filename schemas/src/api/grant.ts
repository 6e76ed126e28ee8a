import { z } from 'zod';
import { filterSchema } from './catalog.js';
import { codeSchema, nameSchema } from './fields.js';

/** The `typ` of a grant's JWS header, so that no other token signed with the same key passes for one. */
export const GRANT_TYPE = 'nomos-grant+jwt';

/** The gRPC metadata key under which a grant travels. */
export const GRANT_METADATA_KEY = 'x-nomos-grant';

/**
 * What a group may receive. While a subscription change runs, `filter` passes what either side of it covers, for
 * all instances alike, and `change` names it; the edge admits only grants that know the changes it knows.
 */
export const grantedSubscriptionSchema = z.strictObject({
  topic: nameSchema,
  filter: filterSchema,
  change: z.string().max(64).optional(),
});

/**
 * What a grant states: a JWS signed with Ed25519 (RFC 8037) whose registered claims follow RFC 7519.
 * The edge verifies it offline with the keys of its bundle.
 */
export const grantClaimsSchema = z.strictObject({
  /** The application. */
  sub: codeSchema,
  /** The session. */
  jti: z.string().min(1).max(64),
  /** The environment. */
  aud: codeSchema,
  iss: z.literal('nomos-registry'),
  /** Seconds since 1970. */
  iat: z.int(),
  exp: z.int(),
  /** For how many seconds after `exp` traffic that was granted may go on while the registry is down. */
  grace: z.int().min(0),
  instance: z.string(),
  /** The revision of the catalog that the grant was made from; an older edge fetches its bundle first. */
  revision: z.int().min(0),
  producers: z.array(z.strictObject({ group: nameSchema, topics: z.array(nameSchema) })),
  consumers: z.array(
    z.strictObject({
      group: nameSchema,
      subscriptions: z.array(grantedSubscriptionSchema),
    }),
  ),
  /** The norm in force, as `name@version`. */
  norm: z.string(),
});
export type GrantClaims = z.infer<typeof grantClaimsSchema>;
