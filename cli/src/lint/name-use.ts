import type { NameKind } from '@nomos/schemas';

/** A place in source code where a name of the message queue is written. */
export interface NameUse {
  readonly kind: NameKind;
  readonly name: string;
  /** Both count from 1, columns in UTF-16 units. */
  readonly line: number;
  readonly column: number;
}
