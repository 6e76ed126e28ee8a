import { z } from 'zod';
import { limits } from '../limits.js';
import { compatibilityLevels, defaultCompatibilityLevel } from '../payload/compatibility/compatibility.js';
import { type CompatibilityRule, compatibilityRules } from '../payload/compatibility/finding.js';
import { referenceNamePattern } from '../payload/schema-bundle.js';
import { codeSchema, descriptionSchema, nameSchema, timestampSchema } from './fields.js';

export const compatibilitySchema = z.enum(compatibilityLevels).meta({
  description: 'What a new version must keep to',
  example: defaultCompatibilityLevel,
});

/** A document that `$ref` reaches by a name of its own choice. */
export const schemaReferenceSchema = z
  .strictObject({
    name: z
      .string()
      .regex(referenceNamePattern, 'a lower-case letter, then up to 63 letters, digits, "_", "." or "-"')
      .meta({ description: 'As it stands in "$ref"', example: 'money' }),
    subject: nameSchema,
    version: z.int().positive(),
  })
  .meta({ id: 'SchemaReference' });
export type SchemaReference = z.infer<typeof schemaReferenceSchema>;

const documentSchema = z
  .unknown()
  .refine((value) => value !== undefined, 'is missing')
  .meta({ description: 'A schema of JSON Schema 2020-12: an object, true or false' });

/** What a version is made from. */
export const proposedSchemaSchema = z.strictObject({
  schema: documentSchema,
  references: z.array(schemaReferenceSchema).max(limits.schemaReferences).default([]),
  compatibility: compatibilitySchema
    .optional()
    .meta({ description: `Only with the first version; ${defaultCompatibilityLevel} when left out` }),
});

export const registerSchemaSchema = proposedSchemaSchema.extend({
  application: codeSchema
    .optional()
    .meta({ description: 'The owner of a shared schema, with its first version; a topic has one already' }),
  description: descriptionSchema
    .optional()
    .meta({ description: 'What the version is about, or what it changes' }),
});

/** A subject: the versions of one schema. */
export const schemaSubjectSchema = z
  .object({
    name: nameSchema,
    kind: z
      .enum(['topic', 'shared'])
      .meta({ description: 'Whether it is the schema of a topic, or one that others refer to' }),
    application: codeSchema,
    compatibility: compatibilitySchema,
    latest: z.int().positive().optional().meta({ description: 'The newest version that is not deleted' }),
    version: z.int().positive().meta({ description: 'Counts the changes of the subject; also its ETag' }),
    createdAt: timestampSchema,
    updatedAt: timestampSchema,
  })
  .meta({ id: 'SchemaSubject' });
export type SchemaSubject = z.infer<typeof schemaSubjectSchema>;

export const changeSchemaSubjectSchema = z.strictObject({ compatibility: compatibilitySchema });

/** One version of a subject, without its document. */
export const schemaVersionSummarySchema = z.object({
  subject: nameSchema,
  version: z.int().positive(),
  id: z
    .string()
    .meta({ description: 'SHA-256 of the document and of the ids of what it refers to, in hexadecimal' }),
  description: z.string().optional(),
  createdAt: timestampSchema,
});

export const schemaVersionSchema = schemaVersionSummarySchema
  .extend({ schema: documentSchema, references: z.array(schemaReferenceSchema) })
  .meta({ id: 'SchemaVersion' });
export type SchemaVersion = z.infer<typeof schemaVersionSchema>;

/** A document that needs no other one. */
export const bundledSchemaSchema = schemaVersionSummarySchema
  .extend({ schema: documentSchema })
  .meta({ id: 'BundledSchema' });

export const schemaContentSchema = z
  .object({
    id: z.string(),
    schema: documentSchema,
    references: z.array(schemaReferenceSchema),
    versions: z.array(z.object({ subject: nameSchema, version: z.int() })),
  })
  .meta({ id: 'SchemaContent' });

export const incompatibilitySchema = z.object({
  rule: z.enum(Object.keys(compatibilityRules) as [CompatibilityRule, ...CompatibilityRule[]]),
  certainty: z.enum(['breaks', 'undecided']),
  direction: z.enum(['backward', 'forward']),
  version: z.int(),
  old: z.string(),
  new: z.string(),
  payload: z.string(),
  message: z.string(),
  fix: z.string(),
});

/** What a registration would say, without registering. */
export const compatibilityReportSchema = z
  .object({
    compatible: z.boolean(),
    level: compatibilitySchema,
    comparedWith: z.array(z.int()),
    incompatibilities: z.array(incompatibilitySchema),
    registeredAs: z.int().optional().meta({ description: 'The version that has the same content already' }),
  })
  .meta({ id: 'CompatibilityReport' });
export type CompatibilityReport = z.infer<typeof compatibilityReportSchema>;
