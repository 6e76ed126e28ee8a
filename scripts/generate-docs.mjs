// Generates docs/errors.md from the table of error codes.
// `node scripts/generate-docs.mjs --check` fails when the committed page differs from its source.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { codes } from '../schemas/dist/index.js';

const file = fileURLToPath(new URL('../docs/errors.md', import.meta.url));

const rows = Object.entries(codes).map(
  ([code, { httpStatus, title, fix }]) =>
    `| <a id="${code}"></a>\`${code}\` | ${httpStatus} | ${title} | ${fix} |`,
);
const page = `# Error codes

Generated from \`schemas/src/errors/codes.ts\` by \`npm run generate\`; do not edit.

Every error of Nomos carries one of these codes, whichever part reports it: the SDK throws a \`NomosError\` with
\`code\`, \`message\`, \`violations\` and \`fix\`; the registry answers with a problem document (RFC 9457) that has the
same fields; the broker begins the message of its status with the code. Codes are stable.

| code | HTTP status | what happened | what to do |
|---|---|---|---|
${rows.join('\n')}
`;

if (!process.argv.includes('--check')) {
  writeFileSync(file, page);
} else if (readFileSync(file, 'utf8') !== page) {
  process.stderr.write('docs/errors.md is stale: run npm run generate\n');
  process.exitCode = 1;
}
