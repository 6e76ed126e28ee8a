import { type Code, codes } from './codes.js';
import type { Violation } from './violation.js';

/** What a NomosError is made from, beside its code and message. */
export interface NomosErrorDetails {
  readonly violations?: readonly Violation[];
  /** Advice for this very case; the code's general advice otherwise. */
  readonly fix?: string;
  readonly cause?: unknown;
}

/** The JSON form of a NomosError, as logs and command lines print it. */
export interface NomosErrorJson {
  readonly code: Code;
  readonly message: string;
  readonly fix: string;
  readonly violations?: readonly Violation[];
}

/** The only error class that Nomos throws on purpose. */
export class NomosError extends Error {
  override readonly name = 'NomosError';
  readonly code: Code;
  /** Everything that is wrong, where there can be several reasons; otherwise empty. */
  readonly violations: readonly Violation[];
  /** What the reader can do about it. */
  readonly fix: string;

  constructor(code: Code, message: string, details: NomosErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.violations = details.violations ?? [];
    this.fix = details.fix ?? codes[code].fix;
  }

  /** Any thrown value as a NomosError: itself if it is one, otherwise wrapped under `code`. */
  static from(thrown: unknown, code: Code = 'INTERNAL'): NomosError {
    if (thrown instanceof NomosError) return thrown;
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    return new NomosError(code, message, { cause: thrown });
  }

  toJSON(): NomosErrorJson {
    return {
      code: this.code,
      message: this.message,
      fix: this.fix,
      ...(this.violations.length > 0 ? { violations: this.violations } : {}),
    };
  }

  /** The error as one line: code, what, where and the fix. */
  toLine(): string {
    const reasons = this.violations.map((violation) => violation.message).join(' ');
    return `${this.code}: ${this.message}${reasons ? ` ${reasons}` : ''} Fix: ${this.fix}`;
  }
}
