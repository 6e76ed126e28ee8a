import { z } from 'zod';
import { limits } from '../limits.js';
import { nameKinds } from '../names/norm.js';
import { codeSchema, nameSchema, timestampSchema } from './fields.js';
import { violationSchema } from './problem.js';

/** A norm document as it is; its JSON Schema and the compiler say what is wrong with it, not this. */
const normDocumentSchema = z.looseObject({}).meta({ description: 'The norm document; docs/norms.md' });

/** A draft as it is sent: the document itself, or its YAML text. */
export const saveNormSchema = z
  .strictObject({
    document: normDocumentSchema.optional(),
    yaml: z
      .string()
      .max(limits.normDocumentCharacters)
      .optional()
      .meta({ description: 'The document as YAML or JSON text' }),
  })
  .refine(({ document, yaml }) => (document === undefined) !== (yaml === undefined), {
    message: 'exactly one of "document" and "yaml" is needed',
  })
  .meta({ id: 'SaveNorm' });

/** A draft was never active; a superseded one was and is no longer, and can be activated again. */
export const normStateSchema = z.enum(['draft', 'active', 'superseded']);
export type NormState = z.infer<typeof normStateSchema>;

const normFields = {
  name: z.string(),
  version: z.int().positive(),
  state: normStateSchema,
  /** Counts how often the draft was saved; also its ETag. */
  revision: z.int().positive(),
  createdAt: timestampSchema,
  updatedAt: timestampSchema,
  firstActivatedAt: timestampSchema.optional(),
};

export const normSummarySchema = z.strictObject(normFields).meta({ id: 'NormSummary' });
export const savedNormSchema = z
  .strictObject({ ...normFields, document: normDocumentSchema })
  .meta({ id: 'SavedNorm' });

/**
 * How a newly active norm comes into force: it is observed, then its violations are warnings, then it decides.
 * The clock and these dates alone say which it is.
 */
export const normStageSchema = z.enum(['observe', 'warn', 'block']);
export type NormStage = z.infer<typeof normStageSchema>;

export const activateNormSchema = z
  .strictObject({
    environment: codeSchema.optional().meta({ description: 'Only this one; all others keep the default' }),
    warnFrom: timestampSchema
      .optional()
      .meta({ description: 'Until then it is only observed; now if absent' }),
    blockFrom: timestampSchema
      .optional()
      .meta({ description: 'Until then it warns, and the norm before it decides; now if absent' }),
  })
  .refine(({ warnFrom, blockFrom }) => warnFrom === undefined || blockFrom !== undefined, {
    path: ['blockFrom'],
    message: 'a norm that starts to warn needs a time from which it blocks',
  })
  .refine(
    ({ warnFrom, blockFrom }) =>
      warnFrom === undefined || blockFrom === undefined || Date.parse(warnFrom) <= Date.parse(blockFrom),
    { path: ['warnFrom'], message: 'a norm warns before it blocks' },
  );

export const rollBackNormSchema = z.strictObject({
  norm: z
    .string()
    .max(64)
    .meta({ description: 'The norm to leave, so that nobody leaves another one', example: 'bank@2' }),
  environment: codeSchema
    .optional()
    .meta({ description: 'The norm of this one; the default norm if absent' }),
});

/** A norm that is on its way: the one in force still decides. */
export const rolloutSchema = z.strictObject({
  norm: z.string().meta({ example: 'bank@2' }),
  stage: normStageSchema.exclude(['block']),
  warnFrom: timestampSchema,
  blockFrom: timestampSchema,
});
export type Rollout = z.infer<typeof rolloutSchema>;

/** Which norm is in force where; without an environment it is that of all that have none of their own. */
export const normInForceSchema = z
  .strictObject({
    environment: codeSchema.optional(),
    norm: z.string().meta({ example: 'default@1' }),
    activatedAt: timestampSchema,
    rollout: rolloutSchema.optional(),
  })
  .meta({ id: 'NormInForce' });

/** A name in use that broke a norm which was not yet in force. */
export const normObservationSchema = z
  .strictObject({
    norm: z.string().meta({ example: 'bank@2' }),
    kind: z.enum(nameKinds),
    name: z.string(),
    application: z.string().meta({ description: 'Empty where the name alone was judged' }),
    rules: z.array(z.string()),
    count: z.int().positive(),
    lastSeenAt: timestampSchema,
  })
  .meta({ id: 'NormObservation' });

/** A name to be judged. */
export const checkNameSchema = z.strictObject({
  kind: z.enum(nameKinds),
  name: z.string().max(limits.nameCharacters),
  application: codeSchema.optional().meta({ description: 'For the rules about who may use the name' }),
});

/** One name, by the norm of an environment or the default one. */
export const checkOneNameSchema = checkNameSchema.extend({
  environment: codeSchema.optional().meta({ description: 'Whose norm judges; the default norm if absent' }),
});

export const checkNamesSchema = z.strictObject({
  names: z.array(checkNameSchema).min(1).max(limits.checkedNames),
  environment: codeSchema.optional().meta({ description: 'Whose norm judges; the default norm if absent' }),
});

/** A violation that a waiver lets stand. */
export const waivedViolationSchema = violationSchema.extend({
  waiver: z.string().meta({ description: 'The id of the waiver' }),
  waivedUntil: timestampSchema,
});

export const judgedNameSchema = z
  .strictObject({
    ok: z.boolean(),
    kind: z.enum(nameKinds),
    name: z.string(),
    norm: z.string().meta({ description: 'The norm that decided', example: 'default@1' }),
    segments: z
      .record(z.string(), z.string())
      .optional()
      .meta({ description: 'What each part means, of a name that the norm can read' }),
    violations: z.array(violationSchema).optional(),
    warnings: z.array(violationSchema),
    waived: z.array(waivedViolationSchema),
    suggestion: z.string().optional(),
    rollout: rolloutSchema
      .extend({
        breaks: z.array(z.string()).meta({ description: 'Rules of that norm that the name breaks' }),
      })
      .optional()
      .meta({ description: 'A norm that will be in force, and what it says about the name' }),
  })
  .meta({ id: 'NameReading' });

export const judgedNamesSchema = z.strictObject({ items: z.array(judgedNameSchema) });

// The time-machine: one JSON object a line.

const counts = z.strictObject({ judged: z.int(), breaking: z.int(), waived: z.int() });

export const impactProgressSchema = z.strictObject({
  type: z.literal('progress'),
  /** Registered names judged so far, and those of them that break. */
  judged: z.int(),
  breaking: z.int(),
});

export const brokenNameSchema = z.strictObject({
  kind: z.enum(nameKinds),
  name: nameSchema,
  rules: z.array(z.string()),
  /** A name that the norm allows, where one can be derived. */
  suggestion: z.string().optional(),
  /** Whether it also breaks the norm that is in force now. */
  brokenAlready: z.boolean(),
});

/** Some of the names of one owner that break the norm; an owner with many has several lines. */
export const impactOwnerSchema = z.strictObject({
  type: z.literal('owner'),
  team: z.string(),
  application: z.string(),
  names: z.array(brokenNameSchema),
});

export const impactSessionSchema = z.strictObject({
  type: z.literal('session'),
  session: z.string(),
  application: z.string(),
  environment: codeSchema,
  instance: z.string(),
  names: z.array(z.strictObject({ kind: z.enum(nameKinds), name: z.string(), rules: z.array(z.string()) })),
});

export const impactSummarySchema = z.strictObject({
  type: z.literal('summary'),
  norm: z.string(),
  environment: codeSchema.optional(),
  against: z.string().meta({ description: 'The norm in force, by which names were judged as well' }),
  rollout: rolloutSchema.optional(),
  topics: counts,
  producerGroups: counts,
  consumerGroups: counts,
  sessions: z.strictObject({ judged: z.int(), breaking: z.int() }),
  byRule: z.record(z.string(), z.int()),
  durationMs: z.int(),
});

export const impactLineSchema = z
  .discriminatedUnion('type', [
    impactProgressSchema,
    impactOwnerSchema,
    impactSessionSchema,
    impactSummarySchema,
  ])
  .meta({ id: 'ImpactLine' });
export type ImpactLine = z.infer<typeof impactLineSchema>;
export type BrokenName = z.infer<typeof brokenNameSchema>;
export type ImpactSummary = z.infer<typeof impactSummarySchema>;
