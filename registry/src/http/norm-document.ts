import { NomosError } from '@nomos/schemas';
import { parseDocument } from 'yaml';
import { findUnstorable } from './request-violations.js';

/** Faults of YAML that one answer lists. */
const faultsMax = 20;

/**
 * The value that a YAML text stands for. Aliases are refused, since a few lines of them can stand for gigabytes.
 *
 * @throws NomosError NORM_INVALID with the lines that are wrong.
 */
export function readYaml(text: string): unknown {
  try {
    const document = parseDocument(text, { schema: 'core', uniqueKeys: true, logLevel: 'silent' });
    const faults = document.errors
      .slice(0, faultsMax)
      .map(({ message }) => invalidYaml(message.split('\n')[0] ?? ''));
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

function invalidYaml(message: string) {
  return {
    rule: 'norm-schema',
    where: '',
    message: `${message.replace(/[.:]$/, '')}.`,
    expected: 'YAML without aliases',
  };
}
