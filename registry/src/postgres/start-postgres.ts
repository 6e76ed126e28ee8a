import { join } from 'node:path';
import { type Logger, NomosError, silentLogger } from '@nomos/schemas';
import { prepareBinaries } from './binaries.js';
import { DATABASE_USER, openFolder, prepareCluster } from './cluster.js';
import { claimFolder } from './owner-file.js';
import { ServerLog } from './server-log.js';
import { stopLeftover } from './server-process.js';
import { findServerUser, type ServerUser } from './server-user.js';
import { SupervisedServer } from './supervised-server.js';

/** Where and how an embedded server runs. */
export interface PostgresOptions {
  /** Everything is kept in its sub-folder `postgres`. */
  readonly dataFolder: string;
  /** 0, the default, for any free port; a port that is taken is an error then. */
  readonly port?: number;
  readonly log?: Logger;
}

/** A Postgres server of our own, on loopback. */
export interface Postgres {
  readonly port: number;
  /** The URL of one of its databases; it holds the password, so it never belongs into a log. */
  url(database: string): string;
  /** Stops the server (a fast shutdown) and waits for its end. */
  close(): Promise<void>;
}

/**
 * Starts a Postgres server in a data folder, making its database cluster at the first start. If the server
 * ends by itself, it is started again on the same port. It keeps running when this process is killed with
 * SIGKILL; the next start in the same folder stops it first.
 *
 * @throws NomosError DATA_FOLDER_UNUSABLE, CONFIGURATION_INVALID, PORT_IN_USE or UNAVAILABLE.
 */
export async function startPostgres(options: PostgresOptions): Promise<Postgres> {
  const log = options.log ?? silentLogger;
  const user = await findServerUser();
  let release = async () => {};
  try {
    await openFolder(options.dataFolder, user);
    const folder = await openFolder(join(options.dataFolder, 'postgres'), user);
    release = await claimFolder(folder, join(folder, 'owner'));
    return await startIn(folder, { ...options, log }, user, release);
  } catch (error) {
    await release();
    if (error instanceof NomosError) throw error;
    // What is left are refusals of the file system, whose messages name the path.
    const reason = error instanceof Error ? error.message : String(error);
    const message = `The data folder ${options.dataFolder} cannot be used: ${reason}.`;
    throw new NomosError('DATA_FOLDER_UNUSABLE', message, { cause: error });
  }
}

async function startIn(
  folder: string,
  options: PostgresOptions & { readonly log: Logger },
  user: ServerUser | undefined,
  release: () => Promise<void>,
): Promise<Postgres> {
  const cluster = join(folder, 'cluster');
  const binaries = await prepareBinaries(folder, user);
  await stopLeftover(cluster);
  const password = await prepareCluster(folder, cluster, binaries, user);
  const serverLog = new ServerLog(join(folder, 'server.log'));
  const port = options.port ?? 0;
  const server = await SupervisedServer.start({ binaries, cluster, user, log: serverLog, port }, options.log);
  return {
    port: server.port,
    url: (database) =>
      `postgresql://${DATABASE_USER}:${password}@127.0.0.1:${server.port}/${encodeURIComponent(database)}`,
    close: async () => {
      await server.close();
      await release();
    },
  };
}
