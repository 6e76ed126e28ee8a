import { connect, createServer, type Server, type Socket } from 'node:net';
import type { Logger } from '@nomos/schemas';
import { type Clock, systemClock } from '../core/clock.js';
import type { AdminBackend } from './admin-backend.js';
import { adminLimits } from './admin-limits.js';
import { encodeFrame, FrameDecoder } from './frame.js';
import type { HeaderForm, RemotingCommand } from './remoting-command.js';
import { RemotingHandler } from './remoting-handler.js';
import { type AdminCredentials, signatureOf } from './signature.js';

export const CREDENTIALS: AdminCredentials = { accessKey: 'admin', secretKey: 'a secret of the admin' };

export interface AdminServer {
  readonly port: number;
  readonly handler: RemotingHandler;
  close(): Promise<void>;
}

/** The admin plane alone on a port of loopback. */
export async function startAdminServer(
  backend: AdminBackend,
  { clock = systemClock, log }: { readonly clock?: Clock; readonly log?: Logger } = {},
): Promise<AdminServer> {
  const address = { host: '127.0.0.1', port: 0 };
  const handler = new RemotingHandler({
    ...{ backend, clock, credentials: CREDENTIALS, address: () => address },
    ...(log === undefined ? {} : { log }),
  });
  const server: Server = createServer((socket) => handler.accept(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const bound = server.address();
  if (bound === null || typeof bound === 'string') throw new Error('no port');
  address.port = bound.port;
  const close = async () => {
    const closed = new Promise((resolve) => server.close(resolve));
    await handler.close();
    await closed;
  };
  return { port: bound.port, handler, close };
}

export interface RequestOptions {
  readonly fields?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly form?: HeaderForm;
  readonly flag?: number;
  readonly version?: number;
  /** Who signs; nobody with `null`. */
  readonly signer?: AdminCredentials | null;
}

/** A request as RocketMQ's tools make it. */
export function requestCommand(code: number, opaque: number, options: RequestOptions = {}): RemotingCommand {
  const { fields = {}, body = '', form = 'json', flag = 0, version = 513, signer = CREDENTIALS } = options;
  const all = new Map(Object.entries(fields));
  if (signer !== null) all.set('AccessKey', signer.accessKey);
  const command = { form, code, version, opaque, flag, remark: '', fields: all, body: Buffer.from(body) };
  if (signer !== null) all.set('Signature', signatureOf(command, signer.secretKey));
  return command;
}

/** Sends requests over one connection, one after the other. */
export class RemotingClient {
  readonly socket: Socket;
  readonly #decoder = new FrameDecoder(adminLimits.answerBytes);
  #opaque = 0;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk) => this.#decoder.push(Buffer.from(chunk)));
    socket.on('error', () => {});
  }

  static async connect(port: number): Promise<RemotingClient> {
    const socket = connect(port, '127.0.0.1');
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    return new RemotingClient(socket);
  }

  async request(code: number, options: RequestOptions = {}): Promise<RemotingCommand> {
    const opaque = ++this.#opaque;
    this.socket.write(encodeFrame(requestCommand(code, opaque, options)));
    const answer = await this.next();
    if (answer.opaque !== opaque) throw new Error(`answer ${answer.opaque} to request ${opaque}`);
    return answer;
  }

  /** The next answer; fails when the connection ends before. */
  async next(): Promise<RemotingCommand> {
    for (;;) {
      const command = this.#decoder.next();
      if (command !== undefined) return command;
      if (this.socket.destroyed || this.socket.readableEnded) throw new Error('the connection has ended');
      await this.#event('data', 'close', 'end');
    }
  }

  /** Resolves once the broker has ended the connection. */
  async ended(): Promise<void> {
    while (!this.socket.destroyed && !this.socket.readableEnded) await this.#event('close', 'end');
  }

  close(): void {
    this.socket.destroy();
  }

  #event(...names: readonly string[]): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        for (const name of names) this.socket.off(name, done);
        resolve();
      };
      for (const name of names) this.socket.on(name, done);
    });
  }
}
