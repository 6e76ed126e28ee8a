import { NomosError } from '@nomos/schemas';
import { adminLimits } from './admin-limits.js';

/** The named values of a request, read with what is expected of them. Every method throws REQUEST_INVALID. */
export class RequestFields {
  readonly #fields: ReadonlyMap<string, string>;

  constructor(fields: ReadonlyMap<string, string>) {
    this.#fields = fields;
  }

  text(name: string): string {
    const text = this.optionalText(name);
    if (text === undefined) throw fieldInvalid(name, 'It is missing or empty.', 'a text');
    return text;
  }

  /** Undefined when missing or empty, which mean the same to RocketMQ's tools. */
  optionalText(name: string): string | undefined {
    const text = this.#fields.get(name);
    return text === undefined || text === '' ? undefined : text;
  }

  /** A whole number. What is beyond the numbers that are exact here counts as the largest: tools send 2^63 − 1. */
  integer(name: string, fallback?: number): number {
    const text = this.optionalText(name);
    if (text === undefined && fallback !== undefined) return fallback;
    if (text === undefined || !/^-?\d{1,19}$/.test(text)) {
      throw fieldInvalid(name, `${quote(text)} is not a whole number.`, 'a whole number of at most 64 bits');
    }
    return Math.min(Math.max(Number(text), Number.MIN_SAFE_INTEGER), Number.MAX_SAFE_INTEGER);
  }

  /** A whole number of 64 bits, exactly, none below zero. */
  exactInteger(name: string): bigint {
    const text = this.text(name);
    if (!/^\d{1,19}$/.test(text)) {
      throw fieldInvalid(name, `${quote(text)} is not a whole number.`, 'a whole number from 0 on');
    }
    return BigInt(text);
  }

  /** `true` or `false`; false when missing. */
  flag(name: string): boolean {
    const text = this.optionalText(name)?.toLowerCase() ?? 'false';
    if (text !== 'true' && text !== 'false') {
      throw fieldInvalid(name, `${quote(text)} is neither true nor false.`, 'true or false');
    }
    return text === 'true';
  }
}

/** A refusal of one field of a request. */
export function fieldInvalid(name: string, message: string, expected: string): NomosError {
  return new NomosError('REQUEST_INVALID', `The field "${name}" of the request cannot be used.`, {
    violations: [{ rule: 'admin-field', where: name, message, expected }],
    fix: `Give ${expected}.`,
  });
}

/** Text of a client in quotation marks, without what is too much of it. */
export function quote(text = ''): string {
  return JSON.stringify(text.slice(0, adminLimits.quotedCharacters));
}
