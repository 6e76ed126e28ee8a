import type { Violation } from '../errors/violation.js';
import type { NameKind } from './norm.js';

/** A legal name with what it means. */
export interface LegalName {
  readonly ok: true;
  readonly kind: NameKind;
  readonly name: string;
  /** The value of each segment; empty for a kind without a template. */
  readonly segments: Readonly<Record<string, string>>;
  /** Broken rules whose level is `warn`. */
  readonly warnings: Violation[];
}

/** An illegal name with everything that is wrong. */
export interface IllegalName {
  readonly ok: false;
  readonly kind: NameKind;
  readonly name: string;
  /** Every broken rule, in the order of the name. */
  readonly violations: Violation[];
  readonly warnings: Violation[];
  /** A legal name that may have been meant; absent if none can be derived. */
  readonly suggestion?: string;
}

/** What reading a name found out. */
export type NameReading = LegalName | IllegalName;
