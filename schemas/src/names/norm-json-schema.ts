import { limits } from '../limits.js';

const level = { enum: ['block', 'warn', 'off'] };
const pattern = { type: 'string', minLength: 1, maxLength: limits.normPatternCharacters };
const maxLength = { type: 'integer', minimum: 1, maximum: limits.nameCharacters };

const shape = {
  type: 'object',
  additionalProperties: false,
  properties: { template: pattern, match: pattern, maxLength },
  oneOf: [{ required: ['template'] }, { required: ['match'] }],
  description: 'needs exactly one of "template" and "match"',
};

const segment = {
  type: 'object',
  additionalProperties: false,
  properties: {
    from: { enum: ['domains', 'applications'] },
    match: pattern,
    hint: { type: 'string', minLength: 1, maxLength: 200 },
  },
  oneOf: [{ required: ['from'] }, { required: ['match'] }],
  description: 'needs exactly one of "from" and "match"',
};

/** The JSON Schema (draft 7) of a norm document. What it cannot say, `compileNorm` checks. */
export const normJsonSchema: Readonly<Record<string, unknown>> = {
  $schema: 'http://json-schema.org/draft-07/schema#',
  title: 'Norm',
  type: 'object',
  additionalProperties: false,
  required: ['apiVersion', 'kind', 'name', 'version', 'segments', 'names', 'messages', 'rules'],
  properties: {
    apiVersion: { const: 'nomos/v1' },
    kind: { const: 'Norm' },
    name: { type: 'string', pattern: '^[a-z][a-z0-9-]{0,31}$' },
    version: { type: 'integer', minimum: 1, maximum: 1_000_000 },
    segments: {
      type: 'object',
      maxProperties: limits.normSegments,
      propertyNames: { pattern: '^[a-z][a-z0-9-]{0,31}$' },
      additionalProperties: segment,
    },
    names: {
      type: 'object',
      additionalProperties: false,
      required: ['topic', 'producer-group', 'consumer-group', 'tag', 'property'],
      properties: {
        topic: shape,
        'producer-group': shape,
        'consumer-group': shape,
        tag: shape,
        property: shape,
      },
    },
    messages: {
      type: 'object',
      additionalProperties: false,
      required: ['key'],
      properties: { key: { enum: ['required', 'optional'] } },
    },
    rules: {
      type: 'object',
      additionalProperties: false,
      properties: {
        'group-belongs-to-application': level,
        'no-forbidden-word': {
          type: 'object',
          additionalProperties: false,
          required: ['level', 'words'],
          properties: {
            level,
            words: {
              type: 'array',
              maxItems: limits.normWords,
              items: { type: 'string', pattern: '^[a-z0-9]{1,32}$' },
            },
          },
        },
        'near-duplicate': level,
      },
    },
  },
};
