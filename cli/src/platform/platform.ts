import { type Registry, startRegistry } from '@nomos/registry';
import type { Logger } from '@nomos/schemas';
import { BrokerProcess } from './broker-process.js';
import { type DataFolder, openDataFolder } from './data-folder.js';
import { freePort } from './free-port.js';

export interface PlatformOptions {
  readonly dataFolder: string;
  readonly host: string;
  /** 0 takes any free port. */
  readonly registryPort: number;
  readonly brokerPort: number;
  readonly environment: string;
  /** A Postgres of one's own; the embedded one otherwise. */
  readonly databaseUrl?: string;
  readonly log: Logger;
}

/** A registry and a broker on this machine, joined. */
export interface Platform {
  readonly registry: Registry;
  readonly broker: BrokerProcess;
  readonly folder: DataFolder;
  /** Stops the broker, then the registry with its database. */
  close(): Promise<void>;
}

/**
 * Starts registry and broker on one data folder and joins them: the environment gets the broker's endpoint,
 * the broker a token of its own. Throws DATA_FOLDER_UNUSABLE, PORT_IN_USE or UNAVAILABLE; what was already
 * started is stopped then.
 */
export async function startPlatform(options: PlatformOptions): Promise<Platform> {
  const folder = openDataFolder(options.dataFolder);
  const { host, log, environment } = options;
  const registry = await startRegistry({
    dataFolder: folder.registry,
    host,
    port: options.registryPort,
    log,
    ...(options.databaseUrl === undefined ? {} : { databaseUrl: options.databaseUrl }),
  });
  try {
    // The endpoint is written into the environment, and kept over restarts, so the port is chosen here.
    const port = options.brokerPort || (await freePort(host));
    await registry.ensureEnvironment({
      code: environment,
      description: 'The environment of the embedded broker.',
      endpoints: [`${host}:${port}`],
    });
    const edgeToken = await registry.issueEdgeToken(environment);
    const broker = await BrokerProcess.start({
      ...{ dataFolder: folder.broker, host, port, environment, edgeToken, log },
      registryUrl: registry.url,
    });
    await registry.manageBroker(environment, {
      endpoints: [broker.endpoint],
      ...broker.adminCredentials,
    });
    return {
      registry,
      broker,
      folder,
      async close() {
        await broker.close();
        await registry.close();
      },
    };
  } catch (error) {
    await registry.close();
    throw error;
  }
}
