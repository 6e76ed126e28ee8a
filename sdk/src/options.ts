import { NomosError } from '@nomos/schemas';

/**
 * Checks of what callers pass. TypeScript says most of it at compile time; a program in JavaScript, or one that
 * took a value from elsewhere, must hear it at the call as well, before a misconfigured consumer takes a message.
 */

/** Throws CONFIGURATION_INVALID for a value that is no object, or has a field that nobody would read. */
export function requireFields(what: string, value: unknown, known: ReadonlySet<string>): void {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new NomosError('CONFIGURATION_INVALID', `The ${what} must be an object.`);
  }
  for (const name of Object.keys(value)) {
    if (known.has(name)) continue;
    throw new NomosError('CONFIGURATION_INVALID', `The ${what} have no "${name}".`, {
      fix: `Use one of: ${[...known].join(', ')}.`,
    });
  }
}

/** Throws CONFIGURATION_INVALID for texts that are missing or blank. */
export function requireText(fields: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(fields)) {
    if (typeof value === 'string' && value.trim() !== '') continue;
    throw new NomosError('CONFIGURATION_INVALID', `The option "${name}" is missing or not a text.`);
  }
}

/** Throws CONFIGURATION_INVALID unless the value is a whole number within the bounds. */
export function requireWhole(name: string, value: number, min: number, max: number): void {
  if (Number.isInteger(value) && value >= min && value <= max) return;
  const text = `The option "${name}" must be a whole number from ${min} to ${max}.`;
  throw new NomosError('CONFIGURATION_INVALID', text);
}

/** Throws CONFIGURATION_INVALID unless the value is a function. */
export function requireFunction(name: string, value: unknown): void {
  if (typeof value === 'function') return;
  throw new NomosError('CONFIGURATION_INVALID', `The option "${name}" is missing or not a function.`);
}
