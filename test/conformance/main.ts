import { parseArgs } from 'node:util';
import type { ClientProgram } from './client/client-program.js';
import { findJavaClient } from './client/java-client.js';
import { nodeClient } from './client/node-client.js';
import { runConformance, selectRows } from './conformance.js';
import { givenEngine } from './engine/given-engine.js';
import { NomosEngine } from './engine/nomos-engine.js';
import { namesOf } from './names.js';
import { toReport, toTable } from './report.js';
import { rows } from './rows.js';

const USAGE = `usage: npm run conformance -- [options]
  --json               print one line of JSON instead of a table
  --client node|java   only this client; else both, Java only where Maven and a JDK are at hand
  --only TEXT          only rows whose id or feature contains the text
  --tls                let the clients speak TLS in all rows but the one about plaintext
  --endpoint HOST:PORT judge a server that runs already, with the topics and groups that --plan lists; access key
                       and secret key come from NOMOS_CONFORMANCE_ACCESS_KEY and NOMOS_CONFORMANCE_SECRET_KEY
  --plan               print the topics and groups that the rows need, and do nothing else
`;

const clientNames = ['node', 'java'] as const;

/** Exit code 0 if no row failed, 1 if one did or a client asked for is missing, 2 for a wrong call. */
async function main(): Promise<number> {
  const options = readOptions();
  if (options === undefined) {
    process.stderr.write(USAGE);
    return 2;
  }
  const { values, wanted } = options;
  const ids = selectRows(values.only);
  if (values.plan) {
    const needs = wanted.flatMap((client) =>
      ids.map((id) => ({ ...rows[id], names: namesOf(client, id, rows[id]) })),
    );
    process.stdout.write(`${JSON.stringify(needs, undefined, 2)}\n`);
    return 0;
  }
  const abort = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => abort.abort(new Error(`stopped by ${signal}`)));
  }
  const note = (line: string) => process.stderr.write(`${line}\n`);
  const clients: ClientProgram[] = [];
  if (wanted.includes('node')) clients.push(nodeClient);
  const java = wanted.includes('java') ? await findJavaClient(note, abort.signal) : undefined;
  if (java !== undefined) clients.push(java);
  if (clients.length === 0) return 1;

  const engine =
    values.endpoint === undefined ? await NomosEngine.start() : givenEngine(accessOf(values.endpoint));
  try {
    const { only, tls = false } = values;
    const selection = { clients, tls, ...(only === undefined ? {} : { only }) };
    const results = await runConformance(engine, { ...selection, signal: abort.signal, note });
    const report = toReport(results);
    process.stdout.write(values.json ? `${JSON.stringify(report)}\n` : toTable(report));
    return report.failed === 0 && !abort.signal.aborted ? 0 : 1;
  } finally {
    await engine.close();
  }
}

function readOptions() {
  try {
    const { values } = parseArgs({
      options: {
        ...{ json: { type: 'boolean' }, client: { type: 'string' }, only: { type: 'string' } },
        ...{ tls: { type: 'boolean' }, endpoint: { type: 'string' }, plan: { type: 'boolean' } },
      },
    });
    const wanted = clientNames.filter((name) => values.client === undefined || values.client === name);
    return wanted.length === 0 ? undefined : { values, wanted };
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    return undefined;
  }
}

function accessOf(endpoint: string) {
  const { NOMOS_CONFORMANCE_ACCESS_KEY = '', NOMOS_CONFORMANCE_SECRET_KEY = '' } = process.env;
  return { endpoint, accessKey: NOMOS_CONFORMANCE_ACCESS_KEY, secretKey: NOMOS_CONFORMANCE_SECRET_KEY };
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
