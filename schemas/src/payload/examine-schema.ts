import { limits } from '../limits.js';
import { isJsonObject } from './json-value.js';
import { keywordForms } from './keyword-form.js';
import { payloadDialect, pointerPart, type Schema, schemaKeywords, subschemasOf } from './schema.js';
import { type ReferenceName, readReference } from './schema-bundle.js';
import type { SchemaFault } from './schema-fault.js';

/** Violations that one answer lists. */
const faultsMax = 50;

const prototypeKeys: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);
const topKeywords: ReadonlySet<string> = new Set(['$schema', '$id', '$defs']);
const definitionName = /^[A-Za-z0-9_.-]{1,100}$/;

/** Keywords that say something only beside another one. */
const companions: readonly (readonly [keyword: string, needs: readonly string[]])[] = [
  ['if', ['then', 'else']],
  ['then', ['if']],
  ['else', ['if']],
  ['minContains', ['contains']],
  ['maxContains', ['contains']],
];

/** Bounds, of which the first must not be greater than the second. */
const bounds: readonly (readonly [least: string, most: string])[] = [
  ['minimum', 'maximum'],
  ['minLength', 'maxLength'],
  ['minItems', 'maxItems'],
  ['minContains', 'maxContains'],
  ['minProperties', 'maxProperties'],
];

/** A schema that can be used, or everything that is wrong with it. */
export type ExaminedSchema =
  | { readonly ok: true; readonly schema: Schema }
  | { readonly ok: false; readonly faults: readonly SchemaFault[] };

/**
 * Judges one document, apart from what it refers to: size first, so that a document of any size is refused
 * quickly, then every keyword. It finds more than the standard asks for: whatever would silently have no
 * effect is taken for a mistake.
 *
 * @param references the names under which `$ref` may reach other documents.
 */
export function examinePayloadSchema(
  document: unknown,
  references: readonly ReferenceName[] = [],
): ExaminedSchema {
  const sizeFaults = examineSize(document);
  if (sizeFaults.length > 0) return { ok: false, faults: sizeFaults };
  if (typeof document !== 'boolean' && !isJsonObject(document)) {
    const message = 'A schema is an object, true or false.';
    return { ok: false, faults: [{ rule: 'schema-keyword', where: '', message }] };
  }
  const faults: SchemaFault[] = [];
  const definitions = isJsonObject(document) && isJsonObject(document.$defs) ? document.$defs : {};
  const waiting: { value: unknown; pointer: string }[] = [{ value: document, pointer: '' }];
  let patterns = 0;
  for (let next = waiting.pop(); next !== undefined && faults.length < faultsMax; next = waiting.pop()) {
    const { value, pointer } = next;
    if (!isJsonObject(value)) continue;
    faults.push(...examineKeywords(value, pointer), ...examineSense(value, pointer));
    faults.push(...examineReference(value, pointer, definitions, references));
    patterns += (value.pattern === undefined ? 0 : 1) + Object.keys(Object(value.patternProperties)).length;
    waiting.push(...subschemasOf(value, pointer));
  }
  if (patterns > limits.schemaPatterns) {
    faults.push(tooLarge('', `The schema has more than ${limits.schemaPatterns} patterns.`));
  }
  return faults.length === 0
    ? { ok: true, schema: document as Schema }
    : { ok: false, faults: faults.slice(0, faultsMax) };
}

function tooLarge(where: string, message: string): SchemaFault {
  return { rule: 'schema-too-large', where, message };
}

/** Walks without recursion, so that depth cannot exhaust the stack. */
function examineSize(document: unknown): SchemaFault[] {
  const faults: SchemaFault[] = [];
  const waiting: { value: unknown; pointer: string; depth: number }[] = [
    { value: document, pointer: '', depth: 0 },
  ];
  let values = 0;
  let characters = 0;
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { value, pointer, depth } = next;
    values += 1;
    characters += typeof value === 'string' ? value.length : 4;
    if (typeof value === 'number' && !Number.isFinite(value)) {
      faults.push({
        rule: 'schema-keyword',
        where: pointer,
        message: 'A number is too large for JSON tools.',
      });
    }
    if (characters > limits.schemaCharacters) {
      return [tooLarge('', `The schema has more than ${limits.schemaCharacters} characters.`)];
    }
    if (typeof value !== 'object' || value === null) continue;
    if (depth >= limits.schemaDepth) {
      return [tooLarge(pointer.slice(0, 200), `Nested deeper than ${limits.schemaDepth} levels.`)];
    }
    const entries = Object.entries(value);
    if (values + waiting.length + entries.length > limits.schemaValues) {
      return [tooLarge('', `The schema holds more than ${limits.schemaValues} values.`)];
    }
    for (const [key, member] of entries) {
      characters += key.length;
      const at = `${pointer}/${pointerPart(key.slice(0, 100))}`;
      if (prototypeKeys.has(key) && faults.length < faultsMax) {
        faults.push({ rule: 'schema-key', where: at, message: `The key "${key}" cannot be used.` });
      }
      waiting.push({ value: member as unknown, pointer: at, depth: depth + 1 });
    }
  }
  return faults;
}

function examineKeywords(schema: object, pointer: string): SchemaFault[] {
  return Object.entries(schema).flatMap(([name, value]): SchemaFault[] => {
    const where = `${pointer}/${pointerPart(name.slice(0, 100))}`;
    const keyword = schemaKeywords.get(name);
    if (keyword === undefined) {
      const message = `"${name.slice(0, 100)}" is not a keyword that schemas of payloads may use.`;
      return [{ rule: 'schema-keyword', where, message, expected: 'docs/registry/schemas.md lists them' }];
    }
    if (topKeywords.has(name) && pointer !== '') {
      return [
        { rule: 'schema-dialect', where, message: `"${name}" stands at the top of the document only.` },
      ];
    }
    if (name === '$schema' && value !== payloadDialect) {
      const message = 'Schemas of payloads are of JSON Schema 2020-12.';
      return [{ rule: 'schema-dialect', where, message, expected: payloadDialect }];
    }
    const problem = keywordForms[keyword.form](value);
    if (problem !== undefined) return [{ rule: 'schema-keyword', where, message: `"${name}" ${problem}.` }];
    if (name !== '$defs') return [];
    return Object.keys(Object(value))
      .filter((key) => !definitionName.test(key))
      .map((key) => ({
        ...{ rule: 'schema-keyword' as const, where: `${where}/${pointerPart(key.slice(0, 100))}` },
        message: 'The name of a definition has 1 to 100 letters, digits, "_", "." or "-".',
      }));
  });
}

/** What is well formed and yet can only be a mistake. */
function examineSense(schema: Readonly<Record<string, unknown>>, pointer: string): SchemaFault[] {
  const faults: SchemaFault[] = [];
  const types = schema.type === undefined ? undefined : [schema.type].flat();
  for (const name of Object.keys(schema)) {
    const about = schemaKeywords.get(name)?.about;
    if (types === undefined || about === undefined) continue;
    if (!about.some((type) => types.includes(type))) {
      const message = `"${name}" says nothing about a payload of the type ${types.join(' or ')}.`;
      faults.push({ rule: 'schema-without-effect', where: `${pointer}/${name}`, message });
    }
  }
  for (const [name, needs] of companions) {
    if (!(name in schema) || needs.some((other) => other in schema)) continue;
    const message = `"${name}" has no effect without "${needs.join('" or "')}".`;
    faults.push({ rule: 'schema-without-effect', where: `${pointer}/${name}`, message });
  }
  for (const [least, most] of bounds) {
    if (!(Number(schema[least]) > Number(schema[most]))) continue;
    const message = `"${least}" is greater than "${most}", so that no payload is legal.`;
    faults.push({ rule: 'schema-contradiction', where: `${pointer}/${least}`, message });
  }
  faults.push(...examineRequired(schema, pointer));
  return faults;
}

/** A closed object cannot have a property that it does not name: a name in `required` is then misspelt. */
function examineRequired(schema: Readonly<Record<string, unknown>>, pointer: string): SchemaFault[] {
  const { required, properties = {}, patternProperties } = schema;
  if (schema.additionalProperties !== false || patternProperties !== undefined) return [];
  if (!Array.isArray(required) || !isJsonObject(properties)) return [];
  return required
    .map((name: unknown, index) => ({ name: String(name), index }))
    .filter(({ name }) => !Object.hasOwn(properties, name))
    .map(({ name, index }) => ({
      ...{ rule: 'schema-contradiction' as const, where: `${pointer}/required/${index}` },
      message: `"${name.slice(0, 100)}" is required, but neither in "properties" nor allowed besides.`,
    }));
}

function examineReference(
  { $ref }: Readonly<Record<string, unknown>>,
  pointer: string,
  definitions: Readonly<Record<string, unknown>>,
  references: readonly ReferenceName[],
): SchemaFault[] {
  if (typeof $ref !== 'string') return [];
  const reference = readReference($ref);
  const where = `${pointer}/$ref`;
  if (reference === undefined) {
    const message = 'A "$ref" leads to "#", "#/$defs/<name>", "<reference>" or "<reference>#/$defs/<name>".';
    return [{ rule: 'schema-reference', where, message, expected: 'nothing remote, no other place' }];
  }
  const { document, definition } = reference;
  if (document !== undefined) {
    if (references.includes(document)) return [];
    const message = `There is no "${document}" in the references.`;
    return [{ rule: 'schema-reference', where, message, expected: references.join(', ') || 'a reference' }];
  }
  if (definition === undefined || Object.hasOwn(definitions, definition)) return [];
  const expected = Object.keys(definitions).slice(0, 20).join(', ') || 'a definition in $defs';
  return [{ rule: 'schema-reference', where, message: `There is no "${definition}" in $defs.`, expected }];
}
