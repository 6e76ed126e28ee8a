/** What can be incompatible, by the rule id, with what to do about it from either side. */
export const compatibilityRules = {
  'type-narrowed': {
    what: 'A type of value is refused that was accepted.',
    backward: 'Keep the type, as in "type": ["string", "integer"], or take a new property for the new type.',
    forward: 'Do not admit a type that the earlier schema refuses; take a new property for it.',
  },
  'values-narrowed': {
    what: 'A value is refused that was accepted: "enum", "const", or any value against a list.',
    backward: 'Keep every value that was legal; deprecate it in the description instead.',
    forward: 'Do not add values that readers of the earlier schema refuse; take a new property for them.',
  },
  'bound-tightened': {
    what: 'A number, length or count is refused that was accepted.',
    backward: 'Do not tighten the bound.',
    forward: 'Do not loosen the bound.',
  },
  'multiple-changed': {
    what: 'Numbers are refused that were accepted: "multipleOf".',
    backward: 'Choose a divisor of the earlier "multipleOf", or leave it out.',
    forward: 'Choose a multiple of the earlier "multipleOf".',
  },
  'pattern-changed': {
    what: 'Texts may be refused that were accepted: "pattern" or "format" was added or changed.',
    backward: 'Leave the pattern or format as it was, or take it away.',
    forward: 'Keep the pattern or format as it was; others may be added to it.',
  },
  'property-required': {
    what: 'A property may be absent, and is required.',
    backward: 'Leave the property out of "required"; a default does not fill it in.',
    forward: 'Keep the property in "required", since readers of the earlier schema rely on it.',
  },
  'property-narrowed': {
    what: 'A property could have any value, and now has a schema.',
    backward:
      'Choose a name that payloads cannot have yet, or close the object before: "additionalProperties": false.',
    forward: 'Keep the schema of the property.',
  },
  'property-refused': {
    what: 'A property is refused that was accepted.',
    backward: 'Keep the property among "properties", or keep "additionalProperties" as it was.',
    forward:
      'Do not add properties while the earlier schema refuses unknown ones; leave "additionalProperties" out first.',
  },
  'property-names-narrowed': {
    what: 'A name of a property is refused that was accepted: "propertyNames".',
    backward: 'Leave "propertyNames" as it was, or take it away.',
    forward: 'Keep "propertyNames" as it was.',
  },
  'dependency-added': {
    what: 'A property demands others that it did not: "dependentRequired", "dependentSchemas".',
    backward: 'Leave the dependency out.',
    forward: 'Keep the dependency.',
  },
  'items-refused': {
    what: 'An array has items that are refused: "contains", "uniqueItems", or too many for its prefix.',
    backward: 'Do not add the condition.',
    forward: 'Keep the condition.',
  },
  'alternatives-narrowed': {
    what: 'What is accepted fits none of the alternatives, or more than one of "oneOf".',
    backward: 'Keep every alternative; in "oneOf" give each a required property with a "const" of its own.',
    forward: 'Do not add alternatives that the earlier schema does not have.',
  },
  'condition-changed': {
    what: '"not" or "if" was added or changed.',
    backward: 'Leave the condition as it was, or take it away.',
    forward: 'Keep the condition as it was.',
  },
  'nothing-accepted': {
    what: 'The schema accepts nothing here (false).',
    backward: 'Keep accepting what was accepted.',
    forward: 'Do not accept here what the earlier schema refuses.',
  },
  'too-complex': {
    what: 'The comparison would take more steps than it may.',
    backward: 'Make the schema simpler: fewer alternatives inside alternatives, fewer levels of references.',
    forward: 'Make the schema simpler: fewer alternatives inside alternatives, fewer levels of references.',
  },
} as const satisfies Record<string, { what: string; backward: string; forward: string }>;

export type CompatibilityRule = keyof typeof compatibilityRules;

/** Why it is not proven that one schema accepts whatever another one does. */
export interface Finding {
  readonly rule: CompatibilityRule;
  /** Whether a payload breaks; otherwise it could not be decided, which counts as incompatible. */
  readonly certainty: 'breaks' | 'undecided';
  /** JSON pointers into the schema that payloads were written by, and the one that they are read by. */
  readonly writer: string;
  readonly reader: string;
  /** The place in the payload, as a JSON pointer in which `*` stands for any name or number. */
  readonly payload: string;
  readonly message: string;
}
