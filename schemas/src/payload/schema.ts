import type { JsonValue } from './json-value.js';

/** The JSON Schema dialect of payloads. */
export const payloadDialect = 'https://json-schema.org/draft/2020-12/schema';

export const typeNames = ['null', 'boolean', 'integer', 'number', 'string', 'array', 'object'] as const;
export type TypeName = (typeof typeNames)[number];

/** Formats that are asserted, not only noted. */
export const payloadFormats = [
  ...['date', 'time', 'date-time', 'duration', 'uuid', 'email', 'hostname', 'ipv4', 'ipv6'],
  ...['uri', 'uri-reference', 'json-pointer', 'int32', 'int64', 'byte'],
] as const;

/** A schema after `examinePayloadSchema` found nothing wrong with it. */
export type Schema = boolean | SchemaObject;

/** The keywords of the dialect, without those that only note something. */
export interface SchemaObject {
  readonly title?: string;
  readonly description?: string;
  readonly default?: JsonValue;
  readonly $ref?: string;
  readonly $defs?: SchemaMap;
  readonly type?: TypeName | readonly TypeName[];
  readonly enum?: readonly JsonValue[];
  readonly const?: JsonValue;
  readonly multipleOf?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly format?: string;
  readonly prefixItems?: readonly Schema[];
  readonly items?: Schema;
  readonly contains?: Schema;
  readonly minContains?: number;
  readonly maxContains?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly uniqueItems?: boolean;
  readonly properties?: SchemaMap;
  readonly patternProperties?: SchemaMap;
  readonly additionalProperties?: Schema;
  readonly propertyNames?: Schema;
  readonly required?: readonly string[];
  readonly minProperties?: number;
  readonly maxProperties?: number;
  readonly dependentRequired?: Readonly<Record<string, readonly string[]>>;
  readonly dependentSchemas?: SchemaMap;
  readonly allOf?: readonly Schema[];
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly not?: Schema;
  readonly if?: Schema;
  readonly then?: Schema;
  readonly else?: Schema;
}

export type SchemaMap = Readonly<Record<string, Schema>>;

/** What the value of a keyword must be. */
export type KeywordForm =
  | 'annotation'
  | 'text'
  | 'flag'
  | 'reference'
  | 'types'
  | 'values'
  | 'value'
  | 'number'
  | 'positive'
  | 'count'
  | 'pattern'
  | 'format'
  | 'names'
  | 'name-lists'
  | 'schema'
  | 'schemas'
  | 'schema-map'
  | 'pattern-map';

/** One keyword: the form of its value, and the types of payload that it can say anything about. */
export interface Keyword {
  readonly form: KeywordForm;
  readonly about?: readonly TypeName[];
  /** Whether its schemas judge the same place of the payload as the schema that holds it. */
  readonly inPlace?: boolean;
}

const numbers = ['integer', 'number'] as const;
const strings = ['string'] as const;
const arrays = ['array'] as const;
const objects = ['object'] as const;

/** Every keyword that a payload's schema may use; any other is taken for a typing mistake. */
export const schemaKeywords: ReadonlyMap<string, Keyword> = new Map<string, Keyword>([
  ...['$schema', '$id', '$comment', 'title', 'description', 'contentEncoding', 'contentMediaType'].map(
    (name) => [name, { form: 'text' }] as const,
  ),
  ['default', { form: 'annotation' }],
  ['examples', { form: 'annotation' }],
  ...['deprecated', 'readOnly', 'writeOnly'].map((name) => [name, { form: 'flag' }] as const),
  ['$ref', { form: 'reference', inPlace: true }],
  ['$defs', { form: 'schema-map' }],
  ['type', { form: 'types' }],
  ['enum', { form: 'values' }],
  ['const', { form: 'value' }],
  ['multipleOf', { form: 'positive', about: numbers }],
  ...['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum'].map(
    (name) => [name, { form: 'number', about: numbers }] as const,
  ),
  ['minLength', { form: 'count', about: strings }],
  ['maxLength', { form: 'count', about: strings }],
  ['pattern', { form: 'pattern', about: strings }],
  ['format', { form: 'format', about: ['string', ...numbers] }],
  ['prefixItems', { form: 'schemas', about: arrays }],
  ['items', { form: 'schema', about: arrays }],
  ['contains', { form: 'schema', about: arrays }],
  ...['minContains', 'maxContains', 'minItems', 'maxItems'].map(
    (name) => [name, { form: 'count', about: arrays }] as const,
  ),
  ['uniqueItems', { form: 'flag', about: arrays }],
  ['properties', { form: 'schema-map', about: objects }],
  ['patternProperties', { form: 'pattern-map', about: objects }],
  ['additionalProperties', { form: 'schema', about: objects }],
  ['propertyNames', { form: 'schema', about: objects }],
  ['required', { form: 'names', about: objects }],
  ['minProperties', { form: 'count', about: objects }],
  ['maxProperties', { form: 'count', about: objects }],
  ['dependentRequired', { form: 'name-lists', about: objects }],
  ['dependentSchemas', { form: 'schema-map', about: objects, inPlace: true }],
  ...['allOf', 'anyOf', 'oneOf'].map((name) => [name, { form: 'schemas', inPlace: true }] as const),
  ...['not', 'if', 'then', 'else'].map((name) => [name, { form: 'schema', inPlace: true }] as const),
]);

/** A schema inside another one, with where it stands. */
export interface Subschema {
  readonly value: unknown;
  readonly pointer: string;
  readonly keyword: string;
  readonly inPlace: boolean;
}

/** The schemas directly inside a schema object, as far as the forms of their keywords are right. */
export function subschemasOf(schema: object, pointer: string): Subschema[] {
  return Object.entries(schema).flatMap(([keyword, value]): Subschema[] => {
    const { form, inPlace = false } = schemaKeywords.get(keyword) ?? {};
    const at = `${pointer}/${keyword}`;
    if (form === 'schema') return [{ value, pointer: at, keyword, inPlace }];
    if (form !== 'schemas' && form !== 'schema-map' && form !== 'pattern-map') return [];
    if (typeof value !== 'object' || value === null) return [];
    return Object.entries(value).map(([key, inner]) => ({
      ...{ value: inner as unknown, pointer: `${at}/${pointerPart(key)}`, keyword, inPlace },
    }));
  });
}

/** A key as a part of a JSON pointer. */
export function pointerPart(key: string): string {
  return key.replaceAll('~', '~0').replaceAll('/', '~1');
}
