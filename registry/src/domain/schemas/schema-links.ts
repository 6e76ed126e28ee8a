import { createHash } from 'node:crypto';
import {
  bundleSchema,
  canonicalText,
  type LinkedSchema,
  limits,
  type Schema,
  type SchemaReference,
  type Violation,
} from '@nomos/schemas';
import type { SchemaRepository, SchemaVersionKey, SchemaVersionRecord } from './schema-repository.js';

/** The documents that versions refer to, read level by level, so that a level takes one query. */
export class SchemaLinks {
  readonly #schemas: SchemaRepository;
  readonly #known = new Map<string, SchemaVersionRecord>();

  constructor(schemas: SchemaRepository) {
    this.#schemas = schemas;
  }

  /** The version as one document. What is stored refers to nothing that is missing, and not to itself. */
  async bundle(version: SchemaVersionRecord): Promise<Schema> {
    await this.load(version.references);
    return bundleSchema(this.#link(version));
  }

  /** Reads all that the references lead to; returns those that lead to nothing. */
  async load(references: readonly SchemaReference[]): Promise<SchemaReference[]> {
    let level: readonly SchemaReference[] = references;
    while (level.length > 0) {
      const keys = new Map<string, SchemaVersionKey>();
      for (const { subject, version } of level) {
        if (!this.#known.has(idOf({ subject, version })))
          keys.set(idOf({ subject, version }), { subject, version });
      }
      const found = await this.#schemas.findVersions([...keys.values()]);
      for (const version of found) this.#known.set(idOf(version), version);
      level = found.flatMap((version) => version.references);
    }
    return references.filter((reference) => !this.#known.has(idOf(reference)));
  }

  /** The bundle and the content id of a document that is not stored; everything it refers to was loaded. */
  describe(schema: Schema, references: readonly SchemaReference[]): { bundle: Schema; contentId: string } {
    const bundle = bundleSchema({ id: '', schema, references: this.#linkAll(references) });
    return { bundle, contentId: this.#contentId(schema, references) };
  }

  /** What is wrong with references that all lead somewhere: round to the subject itself, or to too much. */
  examine(subject: string, references: readonly SchemaReference[]): Violation[] {
    const violations: Violation[] = [];
    const reached = new Set<string>();
    references.forEach((reference, index) => {
      const waiting = [reference];
      const own = new Set<string>();
      for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
        if (own.has(idOf(next))) continue;
        own.add(idOf(next));
        reached.add(idOf(next));
        if (next.subject === subject) {
          const message = `The reference "${reference.name}" leads back to "${subject}" itself.`;
          violations.push({ rule: 'schema-reference-cycle', where: `references[${index}]`, message });
          break;
        }
        waiting.push(...(this.#known.get(idOf(next))?.references ?? []));
      }
    });
    if (reached.size > limits.schemaBundleDocuments) {
      const message = `The references lead to more than ${limits.schemaBundleDocuments} documents.`;
      violations.push({ rule: 'schema-too-large', where: 'references', message });
    }
    return violations;
  }

  /** One object for one document, however many refer to it. */
  #link(version: SchemaVersionRecord, done = new Map<string, LinkedSchema>()): LinkedSchema {
    const id = idOf(version);
    const known = done.get(id);
    if (known !== undefined) return known;
    const linked = {
      ...{ id, schema: JSON.parse(version.schema) as Schema },
      references: this.#linkAll(version.references, done),
    };
    done.set(id, linked);
    return linked;
  }

  #linkAll(references: readonly SchemaReference[], done = new Map<string, LinkedSchema>()) {
    const links = new Map<string, LinkedSchema>();
    for (const reference of references) {
      const target = this.#known.get(idOf(reference));
      if (target !== undefined) links.set(reference.name, this.#link(target, done));
    }
    return links;
  }

  /** Two documents have the same id when they, and all that they refer to, say the same in the same words. */
  #contentId(schema: Schema, references: readonly SchemaReference[]): string {
    const ids = references.map((reference) => [
      reference.name,
      this.#known.get(idOf(reference))?.contentId ?? '',
    ]);
    const content = canonicalText({ schema, references: Object.fromEntries(ids) });
    return createHash('sha256').update(content).digest('hex');
  }
}

function idOf({ subject, version }: SchemaVersionKey): string {
  return `${subject}@${version}`;
}
