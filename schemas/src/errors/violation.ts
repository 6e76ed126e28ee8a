/** One thing that is wrong with a name, a message, a manifest or a request. */
export interface Violation {
  /** The id of the rule that is broken, for instance `segment-pattern`; stable, documented. */
  readonly rule: string;
  /** What is wrong, as a sentence for a person. */
  readonly message: string;
  /** Where: a field path such as `consumers[0].group`, or the name itself. */
  readonly where?: string;
  /** Where in the text the violation starts and ends, as UTF-16 offsets, `end` excluded. */
  readonly position?: { readonly start: number; readonly end: number };
  /** What would be accepted instead. */
  readonly expected?: string;
  /** A legal value to use instead, where one can be derived. */
  readonly suggestion?: string;
}
