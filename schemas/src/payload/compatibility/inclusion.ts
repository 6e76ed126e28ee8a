import type { Schema, SchemaObject } from '../schema.js';
import { ValueJudge } from './accepts-value.js';
import { areDisjoint } from './disjoint.js';
import { type Facts, factsOf, layersOf } from './facts.js';
import type { CompatibilityRule, Finding } from './finding.js';
import { type Comparison, type KeywordRule, keywordRules } from './keyword-rules.js';
import { SameSchema } from './same-schema.js';
import { type Place, placeAt, SchemaSide, type StepBudget } from './schema-side.js';

const depthMax = 150;
const shownValuesMax = 3;

/** How the two schemas are called in messages. */
export interface SideNames {
  readonly writer: string;
  readonly reader: string;
}

/**
 * Proves that whatever one schema accepts, the writer's, another one accepts as well, the reader's; or says
 * everything that stands against it.
 *
 * The reader's schema is taken apart keyword by keyword; each must follow from what the writer's schemas
 * say together about the same place. A pair that comes up again while it is being proven is taken for
 * proven: that is induction over the depth of the payload, since every way round a recursion goes deeper
 * into it (`examineBundle` sees to that). When a pair fails, what was proven since it was begun may rest on
 * it, and is forgotten.
 */
export class Inclusion {
  readonly writer: SchemaSide;
  readonly reader: SchemaSide;
  readonly names: SideNames;
  readonly budget: StepBudget;
  readonly same: SameSchema;
  readonly #writerJudge: ValueJudge;
  readonly #readerJudge: ValueJudge;
  readonly #known = new Map<string, readonly Finding[]>();
  readonly #proven: string[] = [];

  constructor(writer: Schema, reader: Schema, names: SideNames, budget: StepBudget) {
    this.writer = new SchemaSide(writer);
    this.reader = new SchemaSide(reader);
    this.names = names;
    this.budget = budget;
    this.same = new SameSchema(this.writer, this.reader, budget);
    this.#writerJudge = new ValueJudge(this.writer, budget);
    this.#readerJudge = new ValueJudge(this.reader, budget);
  }

  /** Everything that stands against the whole documents; nothing when it is proven. */
  findings(): readonly Finding[] {
    if (this.same.areSame(this.writer.root.schema, this.reader.root.schema)) return [];
    return this.implies([this.writer.root], this.reader.root, '', 0);
  }

  /** Why the writer's places together do not imply the reader's. */
  implies(written: readonly Place[], read: Place, payload: string, depth: number): readonly Finding[] {
    const writer = written.map((place) => this.writer.follow(place));
    const reader = this.reader.follow(read);
    if (reader.schema === true) return [];
    const key = JSON.stringify([...writer.map((place) => place.key).sort(), reader.key]);
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    // Each of the writer's places is looked at by every rule.
    if (depth > depthMax || !this.budget.spend(writer.length + 1)) {
      const message = 'The comparison ends here: it would take too many steps.';
      return [this.#finding('too-complex', 'undecided', writer, reader, payload, message)];
    }
    const begun = this.#proven.length;
    this.#known.set(key, []);
    this.#proven.push(key);
    const findings = this.#examine(writer, reader, payload, depth);
    if (findings.length > 0) {
      for (const proven of this.#proven.splice(begun)) this.#known.delete(proven);
      this.#known.set(key, findings);
    }
    return findings;
  }

  /** Whether no payload is accepted by both; false also where that is not proven. */
  areDisjoint(writer: readonly Place[], reader: Place): boolean {
    const sides = {
      left: { side: this.writer, judge: this.#writerJudge },
      right: { side: this.reader, judge: this.#readerJudge },
    };
    return areDisjoint(writer, [reader], sides, this.budget);
  }

  #examine(writer: readonly Place[], reader: Place, payload: string, depth: number): readonly Finding[] {
    const layers = layersOf(writer, this.writer);
    if (layers === undefined) return [];
    const facts = factsOf(layers, this.#writerJudge);
    if (facts.kinds.size === 0) return [];
    const { schema, pointer } = reader;
    if (typeof schema === 'boolean') {
      if (schema) return [];
      const message = `${this.names.writer} accepts a value here, ${this.names.reader} accepts none.`;
      return [this.#finding('nothing-accepted', 'breaks', writer, reader, payload, message)];
    }
    if (facts.values !== undefined) return this.#examineValues(facts, reader, payload);
    const comparison: Comparison = {
      ...{ inclusion: this, facts, payload, depth, reader: { ...reader, schema } },
      finding: (rule, keyword, message, certainty = 'breaks') => {
        const holder = layers.find((layer) => keyword in layer.schema) ?? layers[0];
        const from = holder === undefined ? '' : holder.pointer;
        const to = keyword in schema ? `${pointer}/${keyword}` : pointer;
        const written = keyword in (holder?.schema ?? {}) ? `${from}/${keyword}` : from;
        return { rule, certainty, writer: written, reader: to, payload, message };
      },
    };
    const failed = keywordRules
      .filter(({ keywords }) => keywords.some((keyword) => keyword in schema))
      .map((rule) => ({ rule, findings: rule.check(comparison) }))
      .filter(({ findings }) => findings.length > 0);
    if (failed.length === 0) return [];
    const rest = only(
      reader,
      schema,
      failed.map(({ rule }) => rule),
    );
    const pieces = this.#split(
      facts,
      failed.map(({ rule }) => rule),
    );
    const findings =
      pieces === undefined
        ? failed.flatMap((one) => one.findings)
        : pieces.flatMap((piece) => this.implies(piece, rest, payload, depth + 1));
    return facts.unweighed.length === 0 ? distinct(findings) : distinct(findings.map(toUndecided));
  }

  #examineValues(facts: Facts, reader: Place, payload: string): Finding[] {
    const verdicts = (facts.values ?? []).map((value) => ({
      value,
      verdict: this.#readerJudge.accepts(value, reader),
    }));
    const refused = verdicts.filter(({ verdict }) => verdict === 'no');
    const open = verdicts.filter(({ verdict }) => verdict === 'unknown');
    const found = refused.length > 0 ? refused : open;
    if (found.length === 0) return [];
    const shown = found.slice(0, shownValuesMax).map(({ value }) => JSON.stringify(value).slice(0, 60));
    const more = found.length > shownValuesMax ? ` and ${found.length - shownValuesMax} more` : '';
    const { writer, reader: reading } = this.names;
    const message =
      refused.length > 0
        ? `${writer} accepts ${shown.join(', ')}${more}, ${reading} does not.`
        : `Whether ${reading} accepts ${shown.join(', ')}${more} cannot be decided.`;
    const certainty = refused.length > 0 ? 'breaks' : 'undecided';
    const layer = facts.layers.find(({ schema }) => 'enum' in schema || 'const' in schema) ?? facts.layers[0];
    return [
      this.#finding(
        'values-narrowed',
        certainty,
        layer === undefined ? [] : [layer],
        reader,
        payload,
        message,
      ),
    ];
  }

  /** What the writer accepts, in parts that are easier to prove; undefined when there are none. */
  #split({ layers, kinds }: Facts, failed: readonly KeywordRule[]): Place[][] | undefined {
    for (const keyword of ['anyOf', 'oneOf'] as const) {
      const layer = layers.find(({ schema }) => schema[keyword] !== undefined);
      if (layer === undefined) continue;
      const { [keyword]: branches = [], ...rest } = layer.schema;
      const without = { ...layer, schema: rest, key: `-${keyword}${layer.key}` };
      const others = layers.map((one) => (one === layer ? without : one));
      return branches.map((branch, index) => [
        ...others,
        placeAt(branch, `${layer.pointer}/${keyword}/${index}`),
      ]);
    }
    if (!failed.some(({ isAboutAlternatives }) => isAboutAlternatives)) return undefined;
    const types = (['null', 'boolean', 'string', 'array', 'object'] as const).filter((type) =>
      kinds.has(type),
    );
    const isNumber = kinds.has('integer') || kinds.has('fraction');
    const parts = [...types, ...(isNumber ? (['number'] as const) : [])];
    if (parts.length < 2) return undefined;
    return parts.map((type) => [
      ...layers,
      { schema: { type }, pointer: layers[0]?.pointer ?? '', key: `=${type}|` },
    ]);
  }

  #finding(
    rule: CompatibilityRule,
    certainty: Finding['certainty'],
    writer: readonly Place[],
    reader: Place,
    payload: string,
    message: string,
  ): Finding {
    return { rule, certainty, writer: writer[0]?.pointer ?? '', reader: reader.pointer, payload, message };
  }
}

/** The part of the reader's schema that is not proven yet. */
function only(reader: Place, schema: SchemaObject, failed: readonly KeywordRule[]): Place<SchemaObject> {
  const keywords = new Set<string>(failed.flatMap((rule) => rule.keywords));
  const kept = Object.entries(schema).filter(([keyword]) => keywords.has(keyword));
  const key = `${kept.map(([keyword]) => keyword).join(',')}|${reader.pointer}`;
  return { schema: Object.fromEntries(kept) as SchemaObject, pointer: reader.pointer, key };
}

function toUndecided(finding: Finding): Finding {
  return { ...finding, certainty: 'undecided' };
}

function distinct(findings: readonly Finding[]): Finding[] {
  return [
    ...new Map(
      findings.map((one) => [`${one.rule} ${one.payload} ${one.reader} ${one.message}`, one]),
    ).values(),
  ];
}
