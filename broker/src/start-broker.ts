import { randomInt } from 'node:crypto';
import { type Logger, NomosError, silentLogger } from '@nomos/schemas';
import { BrokerCore } from './core/broker-core.js';
import { type Clock, systemClock } from './core/clock.js';
import type { BundleSource } from './edge/bundle-source.js';
import { Edge } from './edge/edge.js';
import { RegistryBundleSource } from './edge/registry-bundle-source.js';
import type { BrokerServices } from './rpc/broker-services.js';
import { Clients } from './rpc/clients.js';
import { DeliveryWindow } from './rpc/delivery-window.js';
import { GrpcServer } from './rpc/grpc-server.js';
import { type DataFolder, openDataFolder, readIfThere, writeDurably } from './store/data-folder.js';
import { LmdbStore } from './store/lmdb-store.js';

/** Where the broker learns what is registered and who may do what. */
export type EdgeOptions =
  | { readonly registryUrl: string; readonly token: string; readonly environment: string }
  | { readonly bundleSource: BundleSource };

export interface BrokerOptions {
  /** Created if it is not there; one broker at a time uses it. */
  readonly dataFolder: string;
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** 0 lets the system choose. */
  readonly port: number;
  readonly edge: EdgeOptions;
  readonly log?: Logger;
  readonly clock?: Clock;
}

/** A running broker. */
export interface Broker {
  /** `host:port` for RocketMQ clients. */
  readonly endpoint: string;
  /** Finishes the calls under way, writes everything, and gives the data folder free. */
  close(): Promise<void>;
}

/** How long calls under way may take when the broker closes. */
const CLOSE_WAIT_MS = 5_000;

/** Random numbers below this are drawn for receipts: unsigned, 32 bits. */
const RANDOM_END = 2 ** 32;

/**
 * Starts a broker in this process. Throws DATA_FOLDER_UNUSABLE, PORT_IN_USE, CONFIGURATION_INVALID, and
 * UNAVAILABLE or UNAUTHENTICATED when no edge bundle can be had.
 */
export async function startBroker(options: BrokerOptions): Promise<Broker> {
  // Whatever was opened is closed again, in reverse order, both on failure and at the end.
  const opened: (() => Promise<void> | void)[] = [];
  const close = async () => {
    const failures: unknown[] = [];
    for (let step = opened.pop(); step !== undefined; step = opened.pop()) {
      try {
        await step();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  };
  try {
    return await start(options, opened, close);
  } catch (error) {
    await close().catch(() => undefined);
    throw error;
  }
}

async function start(
  options: BrokerOptions,
  opened: (() => Promise<void> | void)[],
  close: () => Promise<void>,
): Promise<Broker> {
  const { host = '127.0.0.1', port, log = silentLogger, clock = systemClock } = options;
  const folder = openDataFolder(options.dataFolder);
  opened.push(folder.close);
  const store = openStore(folder);
  opened.push(() => store.close());
  const source = await openSource(options.edge, folder, clock, log);
  opened.push(() => source.close());
  const edge = new Edge(source, clock);
  const clients = new Clients(clock);
  const core = new BrokerCore({
    ...{ store, clock, log, catalog: edge.catalog, receiptKey: folder.receiptKey },
    randomNumber: () => randomInt(RANDOM_END),
    isClientAlive: (client) => clients.isAlive(client),
  });
  opened.push(() => core.close());
  let address = { host, port };
  const deliveryWindow = new DeliveryWindow();
  const services: BrokerServices = {
    ...{ core, edge, clients, deliveryWindow, clock, log },
    address: () => address,
  };
  const server = new GrpcServer(services);
  opened.push(async () => {
    core.dismissWaiters();
    await server.close(CLOSE_WAIT_MS);
  });
  address = { host, port: await server.listen(host, port) };
  const endpoint = host.includes(':') ? `[${host}]:${address.port}` : `${host}:${address.port}`;
  log.info({ endpoint, dataFolder: options.dataFolder }, 'broker ready');
  let closing: Promise<void> | undefined;
  const closeOnce = () => {
    closing ??= close();
    return closing;
  };
  return { endpoint, close: closeOnce };
}

function openStore(folder: DataFolder): LmdbStore {
  try {
    return LmdbStore.open(folder.storeFile);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new NomosError(
      'DATA_FOLDER_UNUSABLE',
      `The store ${folder.storeFile} cannot be opened: ${reason}.`,
      {
        fix: 'Restore the data folder from a backup, or choose another folder.',
        cause,
      },
    );
  }
}

async function openSource(
  edge: EdgeOptions,
  folder: DataFolder,
  clock: Clock,
  log: Logger,
): Promise<BundleSource> {
  if ('bundleSource' in edge) return edge.bundleSource;
  const file = {
    read: () => readIfThere(folder.bundleFile),
    write: (text: string) => writeDurably(folder.bundleFile, text),
  };
  return await RegistryBundleSource.open({ ...edge, file, clock, log });
}
