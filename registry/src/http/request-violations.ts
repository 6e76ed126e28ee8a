import type { Violation } from '@nomos/schemas';
import type { z } from 'zod';

const DEPTH_MAX = 32;
const VIOLATIONS_MAX = 100;
const FORBIDDEN_KEYS = new Set(['__proto__', 'constructor', 'prototype']);

/** Everything that a schema found wrong, as violations with the path of each. */
export function violationsOf(error: z.ZodError, prefix: string): Violation[] {
  return error.issues.slice(0, VIOLATIONS_MAX).flatMap((issue): Violation[] => {
    const rule = issue.code.replaceAll('_', '-');
    const where = pathText(prefix, issue.path);
    if (issue.code !== 'unrecognized_keys') return [{ rule, where, message: `${issue.message}.` }];
    return issue.keys.map((key) => ({
      rule,
      where: pathText(prefix, [...issue.path, key]),
      message: 'There is no such field.',
    }));
  });
}

/**
 * What no request may hold, whatever its schema: the character NUL and halves of surrogate pairs (Postgres
 * stores neither), keys that reach prototypes, and nesting beyond any use. It walks without recursion, so
 * that depth cannot exhaust the stack.
 */
export function findUnstorable(value: unknown, prefix: string): Violation[] {
  const violations: Violation[] = [];
  const pending: { value: unknown; path: PropertyKey[] }[] = [{ value, path: [] }];
  for (
    let next = pending.pop();
    next !== undefined && violations.length < VIOLATIONS_MAX;
    next = pending.pop()
  ) {
    const where = pathText(prefix, next.path);
    const fault = typeof next.value === 'string' ? faultOfText(next.value) : undefined;
    if (fault !== undefined) violations.push({ rule: 'illegal-character', where, message: fault });
    if (typeof next.value !== 'object' || next.value === null) continue;
    if (next.path.length >= DEPTH_MAX) {
      return [
        { rule: 'too-deep', where: prefix || 'body', message: `Nested deeper than ${DEPTH_MAX} levels.` },
      ];
    }
    for (const [key, member] of Object.entries(next.value)) {
      const path = [...next.path, Array.isArray(next.value) ? Number(key) : key];
      const keyFault = FORBIDDEN_KEYS.has(key) ? 'There is no such field.' : faultOfText(key);
      if (keyFault === undefined) pending.push({ value: member, path });
      else violations.push({ rule: 'illegal-key', where: pathText(prefix, path), message: keyFault });
    }
  }
  return violations;
}

function faultOfText(text: string): string | undefined {
  if (text.includes('\0')) return 'The text holds the character NUL (U+0000).';
  // Lone surrogates are what the `u` flag does not pair up.
  if (/\p{Surrogate}/u.test(text)) return 'The text holds half a surrogate pair.';
  return undefined;
}

function pathText(prefix: string, path: readonly PropertyKey[]): string {
  const text = path.reduce<string>((sofar, part) => {
    if (typeof part === 'number') return `${sofar}[${part}]`;
    const name = String(part).slice(0, 100);
    return sofar === '' ? name : `${sofar}.${name}`;
  }, prefix);
  return text === '' ? 'body' : text;
}
