import type { Command } from 'commander';
import { standardErrorLogger } from '../output.js';
import { defaultDataFolder } from '../platform/data-folder.js';
import { stopSignal } from '../platform/stop-signal.js';
import { parsePort } from './options.js';

interface UpOptions {
  data: string;
  host: string;
  registryPort: number;
  brokerPort: number;
  environment: string;
  json: boolean;
}

/** `nomos up`: the whole platform on this machine. */
export function addUpCommand(program: Command): void {
  program
    .command('up')
    .description('start registry and broker on this machine; Ctrl-C stops both')
    .option('--data <folder>', 'where everything is kept', defaultDataFolder())
    .option('--host <address>', 'the address to listen on', '127.0.0.1')
    .option('--registry-port <number>', 'port of the registry, 0 for any', parsePort, 7700)
    .option('--broker-port <number>', 'port of the broker, 0 for any', parsePort, 8081)
    .option('--environment <code>', 'the environment that the broker serves', 'dev')
    .option('--json', 'print one JSON line when ready', false)
    .action(runUp);
}

async function runUp(options: UpOptions): Promise<void> {
  const stopped = stopSignal();
  const { startPlatform } = await import('../platform/platform.js');
  const platform = await startPlatform({
    dataFolder: options.data,
    host: options.host,
    registryPort: options.registryPort,
    brokerPort: options.brokerPort,
    environment: options.environment,
    log: standardErrorLogger('warn'),
    ...(process.env.DATABASE_URL ? { databaseUrl: process.env.DATABASE_URL } : {}),
  });
  const { registry, broker } = platform;
  const adminToken = registry.firstAdminToken;
  if (options.json) {
    const line = { registry: registry.url, broker: broker.endpoint, adminToken: adminToken ?? null };
    process.stdout.write(`${JSON.stringify(line)}\n`);
  } else {
    process.stdout.write(
      [
        `registry  ${registry.url}   (its API: ${registry.url}/openapi.json)`,
        `broker    ${broker.endpoint}`,
        `data      ${platform.folder.root}`,
        adminToken === undefined
          ? 'admin     use the token that the first start printed'
          : `admin     ${adminToken}   (shown this once: keep it)`,
        'Ctrl-C stops all.\n',
      ].join('\n'),
    );
  }
  await stopped;
  await platform.close();
}
