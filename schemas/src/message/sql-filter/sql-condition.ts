/** A number as filters compare it: an integer that a double cannot hold exactly is a bigint. */
export type SqlNumber = number | bigint;

/** Something that has a value. A property that the message lacks is NULL. */
export type SqlOperand =
  | { readonly kind: 'property'; readonly name: string }
  | { readonly kind: 'text'; readonly value: string }
  | { readonly kind: 'number'; readonly value: SqlNumber }
  | { readonly kind: 'boolean'; readonly value: boolean };

export const comparisonOperators = ['=', '<>', '>', '>=', '<', '<='] as const;
export type ComparisonOperator = (typeof comparisonOperators)[number];

export const textOperators = ['CONTAINS', 'STARTSWITH', 'ENDSWITH'] as const;
export type TextOperator = (typeof textOperators)[number];

/** Something that is true, false or unknown of a message. */
export type SqlCondition =
  | { readonly kind: 'constant'; readonly value: boolean }
  /** AND and OR are flat: no operand is of the same kind, so a long chain is not a deep one. */
  | { readonly kind: 'and' | 'or'; readonly operands: readonly SqlCondition[] }
  | { readonly kind: 'not'; readonly operand: SqlCondition }
  | {
      readonly kind: 'comparison';
      readonly operator: ComparisonOperator;
      readonly left: SqlOperand;
      readonly right: SqlOperand;
    }
  | {
      readonly kind: 'between';
      readonly operand: SqlOperand;
      readonly low: SqlOperand;
      readonly high: SqlOperand;
      readonly negated: boolean;
    }
  | {
      readonly kind: 'in';
      readonly property: string;
      readonly values: ReadonlySet<string>;
      readonly negated: boolean;
    }
  | { readonly kind: 'is-null'; readonly property: string; readonly negated: boolean }
  | {
      readonly kind: 'text-match';
      readonly operator: TextOperator;
      readonly property: string;
      readonly text: string;
      readonly negated: boolean;
    };

/** A SQL92 filter, understood. */
export interface SqlFilter {
  readonly condition: SqlCondition;
}
