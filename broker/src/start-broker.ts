import { randomBytes, randomInt, randomUUID } from 'node:crypto';
import { type Logger, NomosError, silentLogger } from '@nomos/schemas';
import { layeredCatalog, ProvisionedEntries } from './admin/provisioned-entries.js';
import { openAdminPlane } from './admin-plane.js';
import { BrokerCore } from './core/broker-core.js';
import { type Clock, systemClock } from './core/clock.js';
import type { BundleSource } from './edge/bundle-source.js';
import { Edge } from './edge/edge.js';
import { RegistryBundleSource } from './edge/registry-bundle-source.js';
import { UsageReporter } from './edge/usage-reporter.js';
import { type Certificate, type CertificateFiles, readCertificate } from './port/certificate.js';
import { keptCertificate } from './port/kept-certificate.js';
import { Port } from './port/port.js';
import type { BrokerServices } from './rpc/broker-services.js';
import { Clients } from './rpc/clients.js';
import { DeliveryWindow } from './rpc/delivery-window.js';
import { GrpcServer } from './rpc/grpc-server.js';
import { TransactionProducers } from './rpc/transaction-producers.js';
import { UsageCounter } from './rpc/usage-counter.js';
import { readAdminCredentials } from './store/admin-credentials.js';
import { compactStoreFile } from './store/compact-store-file.js';
import {
  appendDurably,
  type DataFolder,
  openDataFolder,
  readIfThere,
  writeDurably,
} from './store/data-folder.js';
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
  /** What TLS clients are shown, as PEM; without it the broker makes a self-signed certificate and keeps it. */
  readonly tls?: CertificateFiles;
  /** Whether clients may also speak without TLS, on the same port. Default true. */
  readonly plaintext?: boolean;
  readonly log?: Logger;
  readonly clock?: Clock;
}

/** A running broker. */
export interface Broker {
  /** `host:port` for RocketMQ clients. */
  readonly endpoint: string;
  /** With which the admin plane on the same port is used; kept in the data folder. */
  readonly adminCredentials: { readonly accessKey: string; readonly secretKey: string };
  /** Finishes the calls under way, writes everything, and gives the data folder free. */
  close(): Promise<void>;
}

/** How long calls under way may take when the broker closes. */
const CLOSE_WAIT_MS = 5_000;

/** Random numbers below this are drawn for receipts: unsigned, 32 bits. */
const RANDOM_END = 2 ** 32;

/** As long as the ids that RocketMQ's clients make. */
const MESSAGE_ID_BYTES = 17;

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
  const { host = '127.0.0.1', port, plaintext = true, log = silentLogger, clock = systemClock } = options;
  const folder = openDataFolder(options.dataFolder);
  opened.push(folder.close);
  const certificate = openCertificate(options.tls, folder, host, clock, log);
  await compactStoreFile(folder.storeFile, log);
  const store = openStore(folder);
  opened.push(() => store.close());
  const source = await openSource(options.edge, folder, clock, log);
  opened.push(() => source.close());
  const edge = new Edge(source, clock);
  const clients = new Clients(clock);
  opened.push(() => clients.close());
  const producers = new TransactionProducers();
  const provisioned = new ProvisionedEntries(store);
  const core = new BrokerCore({
    ...{ store, clock, log, handleKey: folder.handleKey },
    catalog: layeredCatalog(edge.catalog, provisioned),
    randomNumber: () => randomInt(RANDOM_END),
    newMessageId: () => randomBytes(MESSAGE_ID_BYTES).toString('hex').toUpperCase(),
    readSpace: () => store.storageSpace(),
    isClientAlive: (client) => clients.isAlive(client),
    checkBack: (question) => producers.checkBack(question),
  });
  opened.push(() => core.close());
  let address = { host, port };
  const deliveryWindow = new DeliveryWindow(clock);
  const usage = new UsageCounter(clock);
  if ('registryUrl' in options.edge) {
    const reporter = new UsageReporter({ ...options.edge, counts: usage, newId: randomUUID, clock, log });
    opened.push(() => reporter.close());
  }
  const services: BrokerServices = {
    ...{ core, edge, clients, producers, deliveryWindow, usage, clock, log },
    address: () => address,
  };
  const grpc = new GrpcServer(services);
  const adminCredentials = readAdminCredentials(folder.adminKeyFile);
  const remoting = openAdminPlane({
    ...{ core, registered: edge.catalog, provisioned, clients, clock, log },
    ...{ credentials: adminCredentials, address: () => address },
  });
  const entrance = new Port({ grpc, remoting, certificate, plaintext, clock, log });
  opened.push(async () => {
    entrance.stopListening();
    core.dismissWaiters();
    await Promise.all([grpc.close(CLOSE_WAIT_MS), remoting.close()]);
    entrance.close();
  });
  address = { host, port: await entrance.listen(host, port) };
  const endpoint = host.includes(':') ? `[${host}]:${address.port}` : `${host}:${address.port}`;
  log.info({ endpoint, dataFolder: options.dataFolder }, 'broker ready');
  let closing: Promise<void> | undefined;
  const closeOnce = () => {
    closing ??= close();
    return closing;
  };
  return { endpoint, adminCredentials, close: closeOnce };
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

/** The operator's certificate, or the broker's own. */
function openCertificate(
  files: CertificateFiles | undefined,
  folder: DataFolder,
  host: string,
  clock: Clock,
  log: Logger,
): Certificate {
  if (files !== undefined) return readCertificate(files, clock.now());
  const file = {
    read: () => readIfThere(folder.certificateFile),
    write: (text: string) => writeDurably(folder.certificateFile, text),
  };
  return keptCertificate(file, host, clock.now(), log);
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
    append: (text: string) => appendDurably(folder.bundleFile, text),
  };
  return await RegistryBundleSource.open({ ...edge, file, clock, log });
}
