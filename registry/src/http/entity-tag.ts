import { NomosError } from '@nomos/schemas';

/** The entity tag of an entry: its version. */
export function toEntityTag(version: number): string {
  return `"${version}"`;
}

/** The version that `If-Match` demands; undefined when any will do. */
export function readIfMatch(header: string | undefined): number | undefined {
  if (header === undefined || header.trim() === '*') return undefined;
  const [, version] = /^\s*"(\d{1,9})"\s*$/.exec(header) ?? [];
  if (version !== undefined) return Number(version);
  const message = 'If-Match is not the ETag of an entry.';
  throw new NomosError('REQUEST_INVALID', message, {
    violations: [{ rule: 'if-match', where: 'header.If-Match', message, expected: 'for instance "3"' }],
  });
}
