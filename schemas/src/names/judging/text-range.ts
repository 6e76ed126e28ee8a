/** A stretch of a text. Offsets are UTF-16, `end` excluded. */
export interface TextRange {
  readonly start: number;
  readonly end: number;
}
