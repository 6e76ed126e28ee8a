import { z } from 'zod';
import { nameKinds } from '../names/norm.js';
import {
  applicationSchema,
  consumerGroupSchema,
  domainSchema,
  environmentSchema,
  filterSchema,
  producerGroupSchema,
  teamSchema,
  topicSchema,
} from './catalog.js';
import { contactSchema } from './contact.js';
import { codeSchema, descriptionSchema, nameSchema, statusSchema, timestampSchema } from './fields.js';
import { violationSchema } from './problem.js';
import { searchKinds } from './search.js';

const kindSchema = z.enum(searchKinds);

/** Whom to call: the application that something belongs to, and the team that runs it. */
const ownerSchema = z.strictObject({
  application: z.strictObject({ code: codeSchema, description: descriptionSchema, status: statusSchema }),
  team: z.strictObject({
    code: codeSchema,
    description: descriptionSchema,
    contacts: z.array(contactSchema),
  }),
});

const segmentSchema = z.strictObject({
  segment: z.string().meta({ description: 'As the norm calls it', example: 'event' }),
  value: z.string().meta({ example: 'completed' }),
  hint: z.string().optional().meta({ description: 'What the norm says of the segment' }),
  description: z.string().optional().meta({ description: 'Of the registered domain or application' }),
});

const liveSchema = z.strictObject({
  session: z.string(),
  instance: z.string(),
  application: codeSchema,
  environment: codeSchema,
  group: nameSchema,
  sdk: z.string(),
  lastSeenAt: timestampSchema,
});

const participantSchema = z.strictObject({
  application: codeSchema.optional(),
  team: codeSchema.optional(),
  group: nameSchema.optional(),
  topic: nameSchema.optional(),
  filter: filterSchema.optional(),
});

/** Who may do something, and who does it now. */
const participationSchema = z.strictObject({
  registered: z.array(participantSchema).meta({ description: 'Who may' }),
  live: z.array(liveSchema).meta({ description: 'Who does now: live sessions by instance' }),
  truncated: z.boolean().meta({ description: 'Whether there are more than these' }),
});

const dependentSchema = z.strictObject({ kind: kindSchema, name: nameSchema, status: statusSchema });

/** Something registered under the name. */
const findingSchema = z.strictObject({
  kind: kindSchema,
  name: nameSchema,
  status: statusSchema,
  entry: z.union([
    domainSchema,
    teamSchema,
    applicationSchema,
    environmentSchema,
    topicSchema,
    producerGroupSchema,
    consumerGroupSchema,
  ]),
  owner: ownerSchema.optional(),
  segments: z.array(segmentSchema).optional().meta({ description: 'What the name means, part by part' }),
  producers: participationSchema.optional(),
  consumers: participationSchema.optional(),
  holds: z
    .strictObject({ entries: z.array(dependentSchema), truncated: z.boolean() })
    .optional()
    .meta({ description: 'What belongs to a team, domain or application' }),
});

const readingSchema = z.strictObject({
  kind: z.enum(nameKinds),
  legal: z.boolean(),
  segments: z.array(segmentSchema).optional(),
  violations: z.array(violationSchema),
  suggestion: z.string().optional(),
});

const messageIdSchema = z.strictObject({
  form: z.enum(['rocketmq-5', 'rocketmq-4']),
  createdAt: timestampSchema.optional().meta({ description: "By the sender's clock, to the second" }),
  machine: z.string().optional().meta({
    description: 'A network address for official clients, random for each instance of the Nomos SDK',
  }),
  process: z.int().optional(),
  sequence: z.int().optional(),
  note: z.string(),
});

/** Everything that the registry knows of a name, a code or a message id. */
export const whoisSchema = z
  .strictObject({
    query: z.string(),
    found: z.array(findingSchema),
    readings: z
      .array(readingSchema)
      .meta({ description: 'How the norm reads it, where nothing is registered' }),
    nearest: z.array(dependentSchema).meta({ description: 'Registered names that may have been meant' }),
    messageId: messageIdSchema.optional(),
  })
  .meta({ id: 'Whois' });
export type Whois = z.infer<typeof whoisSchema>;
