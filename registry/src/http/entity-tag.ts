import { NomosError } from '@nomos/schemas';

const TAG_FORM = /(?:W\/)?"[!#-~\u0080-\u00ff]{0,100}"/g;
const HEADER_CHARACTERS_MAX = 4_096;

/** The entity tag of an entry: its version. */
export function toEntityTag(version: number): string {
  return `"${version}"`;
}

/** The version that `If-Match` demands; undefined when any will do. */
export function readIfMatch(header: string | undefined): number | undefined {
  if (header === undefined || header.trim() === '*') return undefined;
  const [, version] = /^\s*"(\d{1,9})"\s*$/.exec(header) ?? [];
  if (version !== undefined) return Number(version);
  // A weak tag, a list or a foreign tag could never name the version to change: rather refused than ignored.
  const message = 'If-Match is not the ETag of an entry.';
  throw new NomosError('REQUEST_INVALID', message, {
    violations: [{ rule: 'if-match', where: 'header.If-Match', message, expected: 'for instance "3"' }],
  });
}

/** Whether `If-None-Match` names the tag; weak tags and strong ones are the same here (RFC 9110, 8.8.3.2). */
export function matchesIfNoneMatch(header: string | undefined, etag: string): boolean {
  if (header === undefined || header.length > HEADER_CHARACTERS_MAX) return false;
  if (header.trim() === '*') return true;
  const opaque = (tag: string) => tag.replace(/^W\//, '');
  return (header.match(TAG_FORM) ?? []).some((tag) => opaque(tag) === opaque(etag));
}
