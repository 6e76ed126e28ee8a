import { memberOf } from './json-value.js';
import { payloadDialect, type Schema, type SchemaMap, type SchemaObject, schemaKeywords } from './schema.js';

/** The name by which a document calls another one in `$ref`. */
export type ReferenceName = string;

/** Names of references: no character that means something in a `$ref`. */
export const referenceNamePattern = /^[a-z][A-Za-z0-9_.-]{0,63}$/;

/** Where a `$ref` leads. */
export interface Reference {
  /** The name of another document; absent for the one that holds the `$ref`. */
  readonly document?: ReferenceName;
  /** A name in its `$defs`; absent for the whole document. */
  readonly definition?: string;
}

const referenceForm = /^([a-z][A-Za-z0-9_.-]{0,63})?(?:#(?:\/\$defs\/([A-Za-z0-9_.-]{1,100}))?)?$/;

/** Reads a `$ref` of a document as it was registered; undefined where it leads nowhere that is allowed. */
export function readReference(text: string): Reference | undefined {
  const [found, document, definition] = referenceForm.exec(text) ?? [];
  if (found === undefined || found === '') return undefined;
  return {
    ...(document === undefined ? {} : { document }),
    ...(definition === undefined ? {} : { definition }),
  };
}

/** A document with the documents that it refers to, all of them examined. */
export interface LinkedSchema {
  /** Tells the document from all others, for instance `paycore.money@3`. */
  readonly id: string;
  readonly schema: Schema;
  readonly references: ReadonlyMap<ReferenceName, LinkedSchema>;
}

/**
 * One document that needs no other: everything it refers to, directly or not, stands in its `$defs`, once.
 * The definitions of a document keep their names; those of the others are called `<id>` and `<id>@<name>`.
 */
export function bundleSchema(main: LinkedSchema): Schema {
  if (typeof main.schema === 'boolean') return main.schema;
  const definitions: Record<string, Schema> = {};
  const { $defs = {}, ...rest } = main.schema;
  const done = new Set<string>();
  const waiting: LinkedSchema[] = [];
  const place = (document: LinkedSchema, nameOf: (definition: string | undefined) => string | undefined) => {
    waiting.push(...document.references.values());
    return (text: string) => {
      const { document: other, definition } = readReference(text) ?? {};
      const target = other === undefined ? undefined : document.references.get(other);
      const key = target === undefined ? nameOf(definition) : keyIn(target.id, definition);
      return key === undefined ? '#' : `#/$defs/${escapeFragment(key)}`;
    };
  };
  const inMain = place(main, (definition) => definition);
  const top = relink(rest, inMain);
  for (const [name, schema] of Object.entries($defs)) definitions[name] = relink(schema, inMain);
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (done.has(next.id)) continue;
    const { id, schema } = next;
    done.add(id);
    const inside = place(next, (definition) => keyIn(id, definition));
    const { $defs: inner = {}, ...outer } = typeof schema === 'boolean' ? {} : schema;
    definitions[id] = typeof schema === 'boolean' ? schema : relink(outer, inside);
    for (const [name, one] of Object.entries(inner)) definitions[keyIn(id, name)] = relink(one, inside);
  }
  const own = { $schema: payloadDialect, ...Object(top) };
  return Object.keys(definitions).length === 0 ? own : { ...own, $defs: definitions };
}

/** The schema of a bundle that a `$ref` in it leads to, with its JSON pointer. */
export function findReferred(root: Schema, text: string): { schema: Schema; pointer: string } {
  if (text === '#' || typeof root === 'boolean') return { schema: root, pointer: '' };
  const key = decodeURIComponent(text.slice('#/$defs/'.length));
  // What is not there would have been refused before; false admits nothing, so that nothing is proven by it.
  return { schema: memberOf(root.$defs, key) ?? false, pointer: `/$defs/${key}` };
}

function keyIn(id: string, definition: string | undefined): string {
  return definition === undefined ? id : `${id}@${definition}`;
}

function escapeFragment(key: string): string {
  return encodeURIComponent(key).replaceAll('%40', '@');
}

/** A copy whose references are replaced; what is not a schema, such as `const`, stays as it is. */
function relink(schema: Schema, replace: (reference: string) => string): Schema {
  if (typeof schema === 'boolean') return schema;
  const entries = Object.entries(schema).flatMap(([name, value]: [string, unknown]): [string, unknown][] => {
    const form = schemaKeywords.get(name)?.form;
    // A bundle is one document, of one dialect, that the registry names.
    if (name === '$id' || name === '$schema') return [];
    if (form === 'reference') return [[name, replace(String(value))]];
    if (form === 'schema') return [[name, relink(value as Schema, replace)]];
    if (form === 'schemas') return [[name, (value as readonly Schema[]).map((one) => relink(one, replace))]];
    if (form !== 'schema-map' && form !== 'pattern-map') return [[name, value]];
    const members = Object.entries(value as SchemaMap).map(
      ([key, one]) => [key, relink(one, replace)] as const,
    );
    return [[name, Object.fromEntries(members)]];
  });
  return Object.fromEntries(entries) as SchemaObject;
}
