import { NomosError, type Violation } from '@nomos/schemas';
import { type Document, isScalar, LineCounter, parseDocument, visit } from 'yaml';
import { findUnstorable } from './request-violations.js';

/** Faults of YAML that one answer lists. */
const faultsMax = 20;

/** The parser needs milliseconds for a text within these bounds, and many seconds for one of a whole request. */
const charactersMax = 32 * 1024;
const marksMax = 4_000;

/** What starts or ends a line, key, item, tag, anchor, alias, comment or directive: what nodes and errors come from. */
const mark = /[\r\n,:[\]{}!&*?#%]|-(?=\s)/g;

/**
 * The value that a YAML text stands for. Aliases are refused, since a few lines of them can stand for gigabytes, and
 * so are tags that YAML's core schema does not have.
 *
 * @throws NomosError NORM_INVALID with the lines that are wrong.
 */
export function readYaml(text: string): unknown {
  requireBounded(text);
  try {
    const lines = new LineCounter();
    // The parser's own check for keys that are there twice, and its errors with the text around them, take time that
    // grows with the square of what there is.
    const document = parseDocument(text, {
      ...{ schema: 'core', uniqueKeys: false, prettyErrors: false, lineCounter: lines, logLevel: 'silent' },
    });
    const faults = [...document.errors, ...document.warnings]
      .slice(0, faultsMax)
      .map(({ message, pos }) => faultAt(message, pos[0], lines));
    if (faults.length === 0) faults.push(...findKeyFaults(document, lines));
    if (faults.length > 0)
      throw new NomosError('NORM_INVALID', 'The text is not YAML.', { violations: faults });
    const value: unknown = document.toJS({ maxAliasCount: 0 });
    const unstorable = findUnstorable(value, '');
    if (unstorable.length === 0) return value;
    throw new NomosError('NORM_INVALID', 'The document holds what no norm can.', { violations: unstorable });
  } catch (error) {
    if (error instanceof NomosError) throw error;
    // The parser descends by recursion, so text that nests too deeply ends in an error of its own kind.
    const message = error instanceof Error ? error.message.slice(0, 200) : 'It cannot be read.';
    throw new NomosError('NORM_INVALID', 'The text is not YAML that a norm may be written in.', {
      violations: [invalidYaml(message)],
      cause: error,
    });
  }
}

/** @throws NomosError NORM_INVALID before the parser sees a text that would keep it busy. */
function requireBounded(text: string): void {
  const violations: Violation[] = [];
  if (text.length > charactersMax) {
    const message = `The text has ${text.length} characters, at most ${charactersMax} are taken.`;
    violations.push({ rule: 'norm-schema', where: '', message });
  } else if ((text.match(mark)?.length ?? 0) > marksMax) {
    const message = `The text has more than ${marksMax} lines, keys, items and other marks of YAML.`;
    violations.push({ rule: 'norm-schema', where: '', message });
  }
  if (violations.length === 0) return;
  throw new NomosError('NORM_INVALID', 'The text is too large for YAML.', {
    violations,
    fix: 'Send the norm as JSON, in "document".',
  });
}

/** Keys that are there twice, or are no plain values, with one look at each. */
function findKeyFaults(document: Document, lines: LineCounter): Violation[] {
  const faults: Violation[] = [];
  visit(document, {
    Map(_key, { items }) {
      const seen = new Set<string>();
      for (const { key } of items) {
        const start = Object(key).range?.[0] ?? 0;
        if (key !== null && !isScalar(key)) {
          faults.push(faultAt('A key must be a text', start, lines));
          continue;
        }
        // As the value has it: 1 and "1" are one key.
        const name = String(key?.value ?? '');
        if (seen.has(name)) faults.push(faultAt('Map keys must be unique', start, lines));
        seen.add(name);
      }
      return faults.length < faultsMax ? undefined : visit.BREAK;
    },
  });
  return faults.slice(0, faultsMax);
}

function faultAt(message: string, offset: number, lines: LineCounter): Violation {
  const { line, col } = lines.linePos(offset);
  return invalidYaml(`${message.slice(0, 200)} at line ${line}, column ${col}`);
}

function invalidYaml(message: string) {
  return {
    rule: 'norm-schema',
    where: '',
    message: `${message.replace(/[.:]$/, '')}.`,
    expected: 'YAML without aliases',
  };
}
