import {
  type CompatibilityLevel,
  checkCompatibility,
  type EarlierVersion,
  examineBundle,
  examinePayloadSchema,
  type Incompatibility,
  NomosError,
  type Schema,
  type SchemaReference,
  type Violation,
} from '@nomos/schemas';
import { SchemaLinks } from './schema-links.js';
import type { SchemaRepository } from './schema-repository.js';

/** A proposed document that can be used. */
export interface ExaminedProposal {
  readonly schema: Schema;
  readonly bundle: Schema;
  readonly contentId: string;
}

/** @throws NomosError SCHEMA_INVALID with everything that is wrong with the document and its references. */
export async function examineProposal(
  subject: string,
  document: unknown,
  references: readonly SchemaReference[],
  schemas: SchemaRepository,
): Promise<ExaminedProposal> {
  const names = references.map(({ name }) => name);
  const examined = examinePayloadSchema(document, names);
  const links = new SchemaLinks(schemas);
  const missing = await links.load(references);
  const violations: Violation[] = [
    ...(examined.ok ? [] : examined.faults.map((fault) => ({ ...fault, where: `schema${fault.where}` }))),
    ...references.flatMap((reference, index) => {
      const where = `references[${index}]`;
      const { name, subject: target, version } = reference;
      if (names.indexOf(name) !== index) {
        return [{ rule: 'schema-reference', where, message: `The name "${name}" is there twice.` }];
      }
      if (!missing.includes(reference)) return [];
      const message = `There is no version ${version} of the schema "${target}".`;
      return [{ rule: 'schema-reference', where, message }];
    }),
    ...links.examine(subject, references),
  ];
  if (violations.length > 0 || !examined.ok) throw invalid(subject, violations);
  const described = links.describe(examined.schema, references);
  const faults = examineBundle(described.bundle);
  if (faults.length > 0) {
    throw invalid(
      subject,
      faults.map((fault) => ({ ...fault, where: `schema${fault.where}` })),
    );
  }
  return { schema: examined.schema, ...described };
}

function invalid(subject: string, violations: readonly Violation[]): NomosError {
  return new NomosError('SCHEMA_INVALID', `The schema of "${subject}" cannot be used.`, { violations });
}

/** Compares a bundle with the versions that the level speaks of. */
export async function compareWithEarlier(
  subject: string,
  level: CompatibilityLevel,
  bundle: Schema,
  schemas: SchemaRepository,
  versionsMax: number,
): Promise<{ comparedWith: number[]; incompatibilities: Incompatibility[] }> {
  if (level === 'NONE') return { comparedWith: [], incompatibilities: [] };
  const newest = await schemas.findNewest(subject);
  const versions = level.endsWith('_TRANSITIVE')
    ? await schemas.listVersions({ subject, limit: versionsMax })
    : newest === undefined
      ? []
      : [newest];
  const links = new SchemaLinks(schemas);
  const earlier: EarlierVersion[] = [];
  for (const version of versions) {
    earlier.push({ version: version.version, schema: await links.bundle(version) });
  }
  return {
    comparedWith: versions.map(({ version }) => version),
    incompatibilities: checkCompatibility(level, earlier, bundle),
  };
}

export function incompatible(subject: string, level: CompatibilityLevel, found: readonly Incompatibility[]) {
  const violations = found.map((one) => ({
    ...{ rule: one.rule, message: one.message, where: `schema${one.new}`, suggestion: one.fix },
    expected: `${one.direction}, version ${one.version}, payload ${one.payload || '/'}, its schema at ${one.old || '/'}`,
  }));
  const message = `The schema of "${subject}" must be ${level}, and is not.`;
  return new NomosError('SCHEMA_INCOMPATIBLE', message, { violations });
}
