/** How strictly a rule of a norm is applied: refuse the name, only warn, or leave the rule out. */
export type RuleLevel = 'block' | 'warn' | 'off';

/** What a name is the name of. A norm has one shape for each kind. */
export type NameKind = 'topic' | 'producer-group' | 'consumer-group' | 'tag' | 'property';

/** Every kind of name, in the order in which documents list them. */
export const nameKinds: readonly NameKind[] = [
  'topic',
  'producer-group',
  'consumer-group',
  'tag',
  'property',
];

/** The closed vocabularies that the registry keeps. */
export type VocabularyName = 'domains' | 'applications';

/** A segment whose words come from a closed vocabulary of the registry. */
export interface VocabularySegment {
  readonly from: VocabularyName;
  /** What the segment means, shown to whoever gets it wrong. */
  readonly hint?: string;
}

/** A segment whose words match a pattern as a whole. */
export interface PatternSegment {
  readonly match: string;
  /** What the segment means, shown to whoever gets it wrong. */
  readonly hint?: string;
}

/** One meaningful part of a name. */
export type Segment = VocabularySegment | PatternSegment;

/** A name made of segments and fixed text, for instance `cg-{app}-{purpose}`. */
export interface TemplateShape {
  readonly template: string;
  /** Characters; RocketMQ's own limits hold beside it. */
  readonly maxLength?: number;
}

/** A name that matches one pattern as a whole. */
export interface PatternShape {
  readonly match: string;
  /** Characters; RocketMQ's own limits hold beside it. */
  readonly maxLength?: number;
}

/** How the names of one kind are built. */
export type NameShape = TemplateShape | PatternShape;

/** The rules whose strictness a norm chooses. A rule that is left out is off. */
export interface NormRules {
  readonly 'group-belongs-to-application'?: RuleLevel;
  readonly 'no-forbidden-word'?: { readonly level: RuleLevel; readonly words: readonly string[] };
  readonly 'near-duplicate'?: RuleLevel;
}

/** A norm: the versioned document that says which names are legal. Explained in docs/norms.md. */
export interface Norm {
  readonly apiVersion: 'nomos/v1';
  readonly kind: 'Norm';
  readonly name: string;
  readonly version: number;
  readonly segments: Readonly<Record<string, Segment>>;
  readonly names: Readonly<Record<NameKind, NameShape>>;
  readonly messages: {
    /** Whether every message needs a key. */
    readonly key: 'required' | 'optional';
  };
  readonly rules: NormRules;
}
