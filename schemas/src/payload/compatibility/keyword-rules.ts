import type { SchemaObject } from '../schema.js';
import { arrayRules } from './array-rules.js';
import type { Facts } from './facts.js';
import type { CompatibilityRule, Finding } from './finding.js';
import type { Inclusion } from './inclusion.js';
import { logicRules } from './logic-rules.js';
import { objectRules } from './object-rules.js';
import { scalarRules } from './scalar-rules.js';
import type { Place } from './schema-side.js';

/** What is known about the writer's payloads at one place, and the reader's schema for it. */
export interface Comparison {
  readonly inclusion: Inclusion;
  readonly facts: Facts;
  readonly reader: Place<SchemaObject>;
  readonly payload: string;
  readonly depth: number;
  /** A finding at this place; the keyword gives the pointers where a schema has it. */
  readonly finding: (
    rule: CompatibilityRule,
    keyword: keyof SchemaObject,
    message: string,
    certainty?: Finding['certainty'],
  ) => Finding;
}

/** How keywords of the reader that mean something together follow from the writer's facts. */
export interface KeywordRule {
  readonly keywords: readonly (keyof SchemaObject)[];
  /** Whether it may hold for each part of what is accepted and yet not be provable for the whole. */
  readonly isAboutAlternatives?: boolean;
  /** What stands against it; nothing only when it surely holds. */
  check(comparison: Comparison): readonly Finding[];
}

/** Every keyword that says what is legal is in exactly one of these. */
export const keywordRules: readonly KeywordRule[] = [
  ...scalarRules,
  ...objectRules,
  ...arrayRules,
  ...logicRules,
];
