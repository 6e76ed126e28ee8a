import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { NomosError } from '@nomos/schemas';
import type { Binaries } from './binaries.js';
import { findServersOf, readPostmaster } from './postmaster-file.js';
import { programOptions, runProgram } from './run-program.js';
import type { ServerLog } from './server-log.js';
import type { ServerUser } from './server-user.js';

const START_MS_MAX = 60_000;
const STOP_MS_MAX = 60_000;
const POLL_MS = 10;
const PORT_ATTEMPTS = 5;

/** A running Postgres server, a child of this process. */
export interface ServerProcess {
  readonly port: number;
  readonly child: ChildProcess;
}

/** What a server is started from. */
export interface ServerOptions {
  readonly binaries: Binaries;
  readonly cluster: string;
  readonly user: ServerUser | undefined;
  readonly log: ServerLog;
  /** 0 for any free port. */
  readonly port: number;
}

/**
 * Starts the server and waits until it takes connections, on loopback only.
 *
 * @throws NomosError PORT_IN_USE, or UNAVAILABLE with the last lines of the server's log.
 */
export async function startServer(options: ServerOptions): Promise<ServerProcess> {
  for (let attempt = 1; ; attempt += 1) {
    const port = options.port === 0 ? await findFreePort() : options.port;
    const child = spawnServer(options, port);
    if (await waitUntilReady(child, options.cluster)) return { port, child };
    // Another program may take a port between our looking and the server's binding to it.
    const clash = options.log.includes('could not bind') || options.log.includes('Address already in use');
    if (clash && options.port === 0 && attempt < PORT_ATTEMPTS) continue;
    if (clash) throw new NomosError('PORT_IN_USE', `Port ${port} for Postgres is taken.`);
    throw new NomosError('UNAVAILABLE', `Postgres did not start. Its log ends: ${options.log.lastLines()}`);
  }
}

function spawnServer({ binaries, cluster, user, log }: ServerOptions, port: number): ChildProcess {
  const settings = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    max_connections: '100',
    log_checkpoints: 'off',
    log_line_prefix: '%m [%p] ',
  };
  const child = spawn(
    binaries.postgres,
    [
      '-D',
      cluster,
      '-p',
      `${port}`,
      ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
    ],
    {
      ...programOptions(user, ['ignore', 'pipe', 'pipe']),
      // A Ctrl-C in the terminal goes to the whole process group; the server must outlive the registry's
      // own last queries, so it gets a group of its own and is stopped by `close`.
      detached: process.platform !== 'win32',
    },
  );
  child.stdout?.on('data', (chunk: Buffer) => log.append(chunk));
  child.stderr?.on('data', (chunk: Buffer) => log.append(chunk));
  child.once('error', (error) => log.append(Buffer.from(`${error.message}\n`)));
  // A server that nobody closes must not keep this process from ending.
  child.unref();
  return child;
}

async function waitUntilReady(child: ChildProcess, cluster: string): Promise<boolean> {
  const deadline = Date.now() + START_MS_MAX;
  while (child.pid !== undefined && !hasExited(child) && Date.now() < deadline) {
    const postmaster = await readPostmaster(cluster);
    if (postmaster?.pid === child.pid && postmaster.ready) return true;
    await sleep(POLL_MS);
  }
  if (child.pid !== undefined && !hasExited(child)) {
    child.kill('SIGINT');
    await Promise.race([once(child, 'exit'), sleep(STOP_MS_MAX, undefined, { ref: false })]);
  }
  // The last lines may still be in the pipe.
  await sleep(POLL_MS);
  return false;
}

function hasExited(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

/**
 * Stops a child server and waits for its end: a fast shutdown (SIGINT), and if that takes too long an
 * immediate one (SIGQUIT), from which the next start recovers. Never SIGKILL: it would leave shared memory.
 */
export async function stopServer(
  child: ChildProcess,
  binaries: Binaries,
  cluster: string,
  user: ServerUser | undefined,
): Promise<void> {
  if (child.pid === undefined || hasExited(child)) return;
  child.ref();
  const exited = once(child, 'exit');
  if (process.platform === 'win32') {
    // Windows has no signals; pg_ctl uses the pipe that Postgres listens to instead.
    await runProgram(binaries.pgCtl, ['stop', '-D', cluster, '-m', 'fast'], user);
  } else {
    child.kill('SIGINT');
  }
  const hurry = setTimeout(() => child.kill('SIGQUIT'), STOP_MS_MAX);
  await exited;
  clearTimeout(hurry);
}

/**
 * Stops the server that a killed process left behind on the cluster, and only a server of this cluster. On
 * Linux it also removes a lock file whose server is surely gone, since Postgres itself would refuse to start
 * if the number in it belongs to another process by now.
 *
 * @throws NomosError DATA_FOLDER_UNUSABLE when it does not stop.
 */
export async function stopLeftover(cluster: string): Promise<void> {
  const postmaster = await readPostmaster(cluster);
  if (postmaster === undefined) return;
  let servers = await findServersOf(cluster);
  if (servers.includes(postmaster.pid)) process.kill(postmaster.pid, 'SIGINT');
  // Without their postmaster, the other processes of a server end by themselves.
  for (
    const deadline = Date.now() + STOP_MS_MAX;
    servers.length > 0;
    servers = await findServersOf(cluster)
  ) {
    if (Date.now() > deadline) {
      throw new NomosError(
        'DATA_FOLDER_UNUSABLE',
        `An earlier Postgres server (process ${servers[0]}) still uses ${cluster} and does not stop.`,
        { fix: 'Stop that process, then try again.' },
      );
    }
    await sleep(POLL_MS);
  }
  if (process.platform === 'linux') await rm(join(cluster, 'postmaster.pid'), { force: true });
}

async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}
