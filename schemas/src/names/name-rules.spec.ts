import { describe, expect, it } from 'vitest';
import document from '../../../docs/norms.md?raw';
import { compileNorm } from './compile-norm.js';
import { defaultNorm } from './default-norm.js';
import { type NameRule, nameRules } from './name-rules.js';
import { normRequirements } from './norm-fault.js';

const norm = compileNorm(defaultNorm);
const rules: readonly (readonly [string, NameRule])[] = Object.entries(nameRules);

function findingsOf({ example: { kind, name, given } }: NameRule) {
  const domains = given?.domains === undefined ? undefined : new Set(given.domains);
  const { application, registeredNames } = given ?? {};
  const reading = norm.read(kind, name, { vocabularies: { domains }, application, registeredNames });
  return reading.ok ? reading.warnings : [...reading.violations, ...reading.warnings];
}

/** The section of a rule as the document must have it: from the table, with what its example really answers. */
function sectionOf(id: string, rule: NameRule): string {
  const { kind, name } = rule.example;
  const finding = findingsOf(rule).find((found) => found.rule === id);
  const shown = JSON.stringify(name);
  const suggestion = finding?.suggestion === undefined ? '' : ` Suggested: \`${finding.suggestion}\``;
  return `### ${id}\n\n**${rule.title}** ${rule.explanation}\n\n> ${kind} \`${shown}\`: ${finding?.message}${suggestion}\n`;
}

describe('nameRules', () => {
  it.each(rules)('%s is broken by its example', (id, rule) => {
    expect(findingsOf(rule).map((finding) => finding.rule)).toContain(id);
  });

  it.each(rules)('%s has its section in docs/norms.md, word for word', (id, rule) => {
    expect(document).toContain(sectionOf(id, rule));
  });

  it('has no section in docs/norms.md for a rule that does not exist', () => {
    const sections = [...document.matchAll(/^### (\S+)$/gm)].map(([, id]) => id);
    expect(sections).toEqual(rules.map(([id]) => id));
  });
});

describe('docs/norms.md', () => {
  it('lists what a norm itself has to fulfil', () => {
    const listed = [...document.matchAll(/^- `(norm-\S+)`: (.+)$/gm)].map(([, id, text]) => [id, text]);
    expect(listed).toEqual(Object.entries(normRequirements));
  });

  it('shows the default norm as it is', () => {
    const yaml = /```yaml\n(apiVersion[\s\S]*?)```/.exec(document)?.[1] ?? '';
    const shown = yaml.replaceAll(/ +#.*$/gm, '').replaceAll(/\s+/g, ' ');
    for (const [name, segment] of Object.entries(defaultNorm.segments)) {
      const hint = segment.hint === undefined ? '' : `, hint: "${segment.hint}"`;
      const source = 'from' in segment ? `from: ${segment.from}` : `match: "${segment.match}"`;
      expect(shown).toContain(` ${name}: { ${source}${hint} }`);
    }
    for (const [kind, shape] of Object.entries(defaultNorm.names)) {
      const source = 'template' in shape ? `template: "${shape.template}"` : `match: "${shape.match}"`;
      const maxLength = shape.maxLength === undefined ? '' : `, maxLength: ${shape.maxLength}`;
      expect(shown).toContain(` ${kind}: { ${source}${maxLength} }`);
    }
    const words = defaultNorm.rules['no-forbidden-word'];
    expect(shown).toContain(
      `no-forbidden-word: { level: ${words?.level}, words: [${words?.words.join(', ')}] }`,
    );
    expect(shown).toContain(`near-duplicate: ${defaultNorm.rules['near-duplicate']}`);
    expect(shown).toContain(
      `group-belongs-to-application: ${defaultNorm.rules['group-belongs-to-application']}`,
    );
    expect(shown).toContain(`messages: key: ${defaultNorm.messages.key}`);
    expect(shown).toContain(`name: ${defaultNorm.name} version: ${defaultNorm.version} `);
  });
});
