import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NomosError } from '@nomos/schemas';
import type { Command } from 'commander';
import { standardErrorLogger } from '../output.js';
import type { Platform } from '../platform/platform.js';
import { stopSignal } from '../platform/stop-signal.js';
import { generatePaymentOrders, readPaymentOrders } from '../quickstart/payment-orders.js';
import { toJsonLine, toText } from '../quickstart/summary.js';
import { parsePort } from './options.js';

const ENVIRONMENT = 'dev';
const GENERATED_ORDERS = 2_000;
const GENERATOR_SEED = 1;

interface QuickstartOptions {
  orders?: string;
  once: boolean;
  json: boolean;
  registryPort: number;
  brokerPort: number;
}

/** `nomos quickstart`: the main job end to end, on a fresh platform. */
export function addQuickstartCommand(program: Command): void {
  program
    .command('quickstart')
    .description('run the bank scenario on a fresh platform: register, admit, send, consume once, refuse')
    .option('--orders <file>', `payment orders as CSV; ${GENERATED_ORDERS} made-up ones otherwise`)
    .option('--once', 'exit when done, instead of staying up to be tried', false)
    .option('--json', 'print the result as one JSON line, the last of standard output', false)
    .option('--registry-port <number>', 'port of the registry, 0 for any', parsePort, 0)
    .option('--broker-port <number>', 'port of the broker, 0 for any', parsePort, 0)
    .action(runQuickstart);
}

async function runQuickstart(options: QuickstartOptions): Promise<void> {
  // The file is read before anything starts, so that a bad row costs nothing and leaves nothing.
  const orders =
    options.orders === undefined
      ? generatePaymentOrders(GENERATED_ORDERS, GENERATOR_SEED)
      : await readPaymentOrders(options.orders);
  const stopped = stopSignal();
  const progress = progressWriter();
  const folder = makeTemporaryFolder();
  let platform: Platform | undefined;
  try {
    progress('starting registry and broker');
    const { startPlatform } = await import('../platform/platform.js');
    const { runScenario } = await import('../quickstart/scenario.js');
    platform = await startPlatform({
      dataFolder: folder,
      host: '127.0.0.1',
      registryPort: options.registryPort,
      brokerPort: options.brokerPort,
      environment: ENVIRONMENT,
      log: standardErrorLogger('warn'),
    });
    const adminToken = platform.registry.firstAdminToken;
    if (adminToken === undefined) throw new NomosError('INTERNAL', 'A fresh registry gave no admin token.');
    const abort = new AbortController();
    void stopped.then((signal) => abort.abort(interrupted(signal)));
    const { summary, paycoreToken } = await runScenario({
      ...{ platform, adminToken, environment: ENVIRONMENT, orders },
      onProgress: progress,
      signal: abort.signal,
    });
    progress('');
    if (!options.json) process.stdout.write(toText(summary));
    if (options.once && !options.json)
      process.stdout.write('Without --once the platform stays up to be tried.\n');
    if (!options.once) process.stdout.write(whatNext(platform, adminToken, paycoreToken));
    if (options.json) process.stdout.write(`${toJsonLine(summary)}\n`);
    if (!options.once) await stopped;
  } finally {
    await platform?.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

function makeTemporaryFolder(): string {
  try {
    const folder = mkdtempSync(join(tmpdir(), 'nomos-quickstart-'));
    // The account that Postgres runs as must be able to pass through to its own folder.
    chmodSync(folder, 0o711);
    return folder;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new NomosError('DATA_FOLDER_UNUSABLE', `No folder can be made in ${tmpdir()}: ${reason}.`, {
      fix: 'Set TMPDIR to a folder that you may write.',
      cause,
    });
  }
}

function interrupted(signal: NodeJS.Signals): NomosError {
  return new NomosError('CLOSED', `The quickstart was stopped by ${signal} before it was done.`, {
    fix: 'Run it again; each run starts afresh.',
  });
}

/** Progress goes to standard error: one line that is written over on a terminal, changed steps otherwise. */
function progressWriter(): (text: string) => void {
  let lastStep = '';
  return (text) => {
    if (process.stderr.isTTY) {
      process.stderr.write(`\r\u001b[K${text}`);
      return;
    }
    const step = text.replaceAll(/[0-9]+/g, '').slice(0, 8);
    if (text !== '' && step !== lastStep) process.stderr.write(`${text}\n`);
    lastStep = step;
  };
}

function whatNext(platform: Platform, adminToken: string, paycoreToken: string): string {
  const { url } = platform.registry;
  return [
    '',
    'Everything stays up until Ctrl-C, then the data folder is removed.',
    `  registry     ${url}   (API: ${url}/openapi.json)`,
    `  broker       ${platform.broker.endpoint}   (any RocketMQ 5 client, with an access key of an application)`,
    `  admin token  ${adminToken}`,
    '',
    'Try, in another terminal:',
    `  export NOMOS_REGISTRY=${url} NOMOS_TOKEN=${paycoreToken}`,
    '  node docs/examples/send-and-consume.mjs',
    `  curl -H "Authorization: Bearer ${adminToken}" ${url}/v1/topics`,
    `  curl -H "Authorization: Bearer ${adminToken}" ${url}/v1/sessions`,
    `  curl -H "Authorization: Bearer ${adminToken}" -H "Content-Type: application/json" \\`,
    `    -d '{"kind":"topic","name":"Pay_Paycore_Refund.Requested"}' ${url}/v1/names/check`,
    '',
    '',
  ].join('\n');
}
