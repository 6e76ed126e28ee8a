import { NomosError } from '@nomos/schemas';
import type { Command } from 'commander';
import { standardErrorLogger } from '../output.js';
import type { BrokerReport } from '../platform/broker-process.js';
import { stopSignal } from '../platform/stop-signal.js';
import { parsePort } from './options.js';

interface BrokerCommandOptions {
  data: string;
  host: string;
  port: number;
  registry: string;
  environment: string;
  tlsCertificate?: string;
  tlsKey?: string;
  plaintext: boolean;
}

/** `nomos broker`: a broker alone, as `nomos up` starts one, or on another machine than the registry's. */
export function addBrokerCommand(program: Command): void {
  program
    .command('broker')
    .description('run a broker alone, for a registry elsewhere; its edge token comes in NOMOS_EDGE_TOKEN')
    .requiredOption('--data <folder>', 'where messages are kept')
    .requiredOption('--registry <url>', 'the registry whose rules it enforces')
    .requiredOption('--environment <code>', 'the environment that it serves')
    .option('--host <address>', 'the address to listen on', '127.0.0.1')
    .option('--port <number>', 'the port to listen on', parsePort, 8081)
    .option('--tls-certificate <file>', 'the certificate for TLS (PEM); otherwise the broker makes its own')
    .option('--tls-key <file>', 'the private key of the certificate (PEM)')
    .option('--no-plaintext', 'refuse connections without TLS')
    .action(runBroker);
}

async function runBroker(options: BrokerCommandOptions): Promise<void> {
  const parentGone = new Promise<void>((resolve) => process.once('disconnect', resolve));
  const stopped = stopSignal();
  try {
    const token = process.env.NOMOS_EDGE_TOKEN;
    if (!token) {
      throw new NomosError('CONFIGURATION_INVALID', 'The variable NOMOS_EDGE_TOKEN is not set.', {
        fix: 'Set it to a token with the role "edge" (POST /v1/tokens).',
      });
    }
    // Loaded here, as in every command: `nomos lint` is not to wait for LMDB, gRPC and Prisma.
    const { startBroker } = await import('@nomos/broker');
    const tls = readTls(options);
    const broker = await startBroker({
      dataFolder: options.data,
      host: options.host,
      port: options.port,
      plaintext: options.plaintext,
      ...(tls && { tls }),
      edge: { registryUrl: options.registry, token, environment: options.environment },
      log: standardErrorLogger('warn'),
    });
    const { endpoint, adminCredentials } = broker;
    report({ ready: true, endpoint, adminCredentials });
    if (!process.send) process.stdout.write(`broker ready at ${broker.endpoint}\n`);
    await Promise.race([stopped, parentGone]);
    await broker.close();
    if (process.connected) process.disconnect();
  } catch (error) {
    if (!process.send) throw error;
    const { code, message, fix } = NomosError.from(error);
    report({ ready: false, code, message, fix });
    process.exitCode = 1;
    process.disconnect();
  }
}

function readTls({ tlsCertificate, tlsKey }: BrokerCommandOptions) {
  if (tlsCertificate === undefined && tlsKey === undefined) return undefined;
  if (tlsCertificate === undefined || tlsKey === undefined) {
    throw new NomosError(
      'CONFIGURATION_INVALID',
      'A certificate and its key are given together or not at all.',
      {
        fix: 'Give both --tls-certificate and --tls-key.',
      },
    );
  }
  return { certificateFile: tlsCertificate, keyFile: tlsKey };
}

function report(message: BrokerReport): void {
  process.send?.(message);
}
