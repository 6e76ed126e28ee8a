import type { Violation } from '@nomos/schemas';
import type { z } from 'zod';

const DEPTH_MAX = 32;
const VIOLATIONS_MAX = 100;
const EXPECTED_CHARACTERS_MAX = 300;
const FORBIDDEN_KEYS = new Set(['__proto__', 'constructor', 'prototype']);

type Issue = z.core.$ZodIssue;

/** Everything that a schema found wrong with a value, as violations with the path of each. */
export function violationsOf(error: z.ZodError, prefix: string, value: unknown): Violation[] {
  return error.issues
    .slice(0, VIOLATIONS_MAX)
    .flatMap((issue) => violationsOfIssue(issue, prefix, value))
    .slice(0, VIOLATIONS_MAX);
}

function violationsOfIssue(issue: Issue, prefix: string, root: unknown): Violation[] {
  const rule = issue.code.replaceAll('_', '-');
  const where = pathText(prefix, issue.path);
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      rule,
      where: pathText(prefix, [...issue.path, key]),
      message: prefix === 'query' ? 'There is no such parameter.' : 'There is no such field.',
    }));
  }
  const value = valueAt(root, issue.path);
  if (prefix === 'query' && Array.isArray(value)) {
    const message = `The parameter is given ${value.length} times.`;
    return [{ rule: 'duplicate-parameter', where, message, expected: 'the parameter once' }];
  }
  if (issue.code === 'invalid_union') return violationsOfUnion(issue, prefix, root);
  if (issue.code === 'invalid_key' || issue.code === 'invalid_element') {
    return issue.issues.flatMap((inner) =>
      violationsOfIssue({ ...inner, path: [...issue.path, ...inner.path] } as Issue, prefix, root),
    );
  }
  const expected = expectedBy(issue);
  const found = value === undefined ? 'nothing' : kindOf(value);
  const message =
    issue.code !== 'invalid_type'
      ? `${issue.message}.`
      : value === undefined
        ? 'The value is missing.'
        : `This is ${found}.`;
  return [{ rule, where, message, ...(expected === undefined ? {} : { expected }) }];
}

/** Of several forms, the complaints about the one that the value comes nearest to. */
function violationsOfUnion(
  issue: Extract<Issue, { code: 'invalid_union' }>,
  prefix: string,
  root: unknown,
): Violation[] {
  const [nearest] = [...issue.errors].sort((one, other) => one.length - other.length);
  if (nearest === undefined || nearest.length === 0) {
    return [{ rule: 'invalid-union', where: pathText(prefix, issue.path), message: `${issue.message}.` }];
  }
  return nearest.flatMap((inner) =>
    violationsOfIssue({ ...inner, path: [...issue.path, ...inner.path] } as Issue, prefix, root),
  );
}

/** What a value must be, as far as the issue tells more than its message. */
function expectedBy(issue: Issue): string | undefined {
  switch (issue.code) {
    case 'invalid_type':
      return issue.expected;
    case 'invalid_value':
      return issue.values.map(String).join(', ').slice(0, EXPECTED_CHARACTERS_MAX);
    case 'too_small':
      return `${issue.origin}, ${issue.inclusive ? 'at least' : 'more than'} ${issue.minimum}`;
    case 'too_big':
      return `${issue.origin}, ${issue.inclusive ? 'at most' : 'less than'} ${issue.maximum}`;
    case 'invalid_format':
      return (issue.pattern ?? issue.format).slice(0, EXPECTED_CHARACTERS_MAX);
    case 'not_multiple_of':
      return `a multiple of ${issue.divisor}`;
    default:
      return undefined;
  }
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  return { string: 'a text', number: 'a number', boolean: 'a boolean' }[String(typeof value)] ?? 'an object';
}

/** Only own members: the path comes from a schema, the value from anybody. */
function valueAt(root: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((value, key) => {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    return Reflect.get(value, key);
  }, root);
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
