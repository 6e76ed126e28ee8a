import { z } from 'zod';
import { listQuerySchema, timestampSchema } from './fields.js';

const hashSchema = z.string().regex(/^[0-9a-f]{64}$/, '64 hexadecimal digits in lower case');

/** One event of the audit log as lists and exports show it; its hash can be computed again from it. */
export const auditEventSchema = z
  .strictObject({
    sequence: z.int().positive().meta({ description: 'Counts from 1, without gaps' }),
    at: timestampSchema,
    actorRole: z.enum(['platform-admin', 'auditor', 'viewer', 'member', 'application', 'edge']),
    actorId: z.string().meta({
      description: 'The id of a token, an access key, the subject of an OIDC token, or `operator`',
    }),
    actorIssuer: z.string().optional().meta({ description: 'Who vouches for the actor, with OIDC' }),
    requestId: z.string().optional(),
    action: z.string().meta({ example: 'topic.create' }),
    subjectKind: z.string().meta({ example: 'topic' }),
    subject: z.string(),
    before: z.record(z.string(), z.unknown()).optional(),
    after: z.record(z.string(), z.unknown()).optional(),
    previousHash: hashSchema,
    hash: hashSchema,
  })
  .meta({ id: 'AuditEvent' });
export type AuditEventJson = z.infer<typeof auditEventSchema>;

const textSchema = z.string().min(1).max(512);

export const auditListQuerySchema = listQuerySchema.omit({ includeRetired: true }).extend({
  actor: textSchema.optional().meta({ description: 'The id of who did it' }),
  action: textSchema.optional().meta({ description: 'What was done, for instance `topic.create`' }),
  kind: textSchema.optional().meta({ description: 'The kind of what it was done to' }),
  subject: textSchema.optional().meta({ description: 'What it was done to' }),
  from: timestampSchema.optional().meta({ description: 'Not before this time' }),
  to: timestampSchema.optional().meta({ description: 'Before this time' }),
});

/** A hash that was noted down elsewhere, as `<sequence>:<hash>`. */
export const auditAnchorSchema = z
  .string()
  .regex(/^[1-9][0-9]{0,15}:[0-9a-f]{64}$/, 'a sequence number, a colon and 64 hexadecimal digits')
  .meta({ description: 'A hash that was kept elsewhere: sequence number, colon, hash' });

/** What a walk along the chain found. */
export const auditVerdictSchema = z
  .strictObject({
    ok: z.boolean(),
    events: z.int().min(0).meta({ description: 'Events that are as they were written' }),
    head: auditAnchorSchema
      .optional()
      .meta({ description: 'The last of them: an anchor to keep elsewhere for the next verification' }),
    fault: z
      .strictObject({
        sequence: z.int().positive().meta({ description: 'The first event that is not as it must be' }),
        rule: z.enum(['gap', 'link', 'content', 'anchor', 'end']),
        message: z.string(),
      })
      .optional(),
  })
  .meta({ id: 'AuditVerdict' });
export type AuditVerdict = z.infer<typeof auditVerdictSchema>;
