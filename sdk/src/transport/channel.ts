import {
  type CallOptions,
  Client,
  type ClientDuplexStream,
  type ClientReadableStream,
  connectivityState,
  credentials,
  type Metadata,
} from '@grpc/grpc-js';
import { limits, NomosError, type ServiceMethod } from '@nomos/schemas';
import { errorOfCall } from './status.js';

const OPTIONS = {
  // Retrying is decided per message, and with the same message id; gRPC must not do it below.
  'grpc.enable_retries': 0,
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 2_000,
  // A connection that is only half open is noticed by its unanswered pings.
  'grpc.keepalive_time_ms': 20_000,
  'grpc.keepalive_timeout_ms': 5_000,
  // Closing a channel then closes its socket at once, which a shared pool does some seconds later.
  'grpc.use_local_subchannel_pool': 1,
  'grpc.max_receive_message_length': limits.messageBodyBytes + 1024 * 1024,
  'grpc.max_send_message_length': limits.sendBatchBytes + 1024 * 1024,
  // The default of 64 KiB would stop a batch of messages several times on its way.
  'grpc-node.flow_control_window': 4 * 1024 * 1024,
} as const;

const pass = (bytes: Buffer): Buffer => bytes;

/** One connection to one broker. Requests and answers are bytes: encoding is the callers' work. */
export class Channel {
  readonly target: string;
  readonly #client: Client;

  constructor(target: string) {
    this.target = target;
    this.#client = new Client(target, credentials.createInsecure(), OPTIONS);
  }

  get isConnected(): boolean {
    return this.#client.getChannel().getConnectivityState(false) === connectivityState.READY;
  }

  unary({ path }: ServiceMethod, request: Buffer, metadata: Metadata, timeoutMs: number): Promise<Buffer> {
    const options: CallOptions = { deadline: Date.now() + timeoutMs };
    return new Promise((resolve, reject) => {
      this.#client.makeUnaryRequest(path, pass, pass, request, metadata, options, (error, answer) => {
        if (error !== null) reject(errorOfCall(error, this.target));
        else if (answer !== undefined) resolve(answer);
        else reject(new NomosError('INTERNAL', `The broker at ${this.target} gave an empty answer.`));
      });
    });
  }

  serverStream(
    { path }: ServiceMethod,
    request: Buffer,
    metadata: Metadata,
    timeoutMs: number,
  ): ClientReadableStream<Buffer> {
    const options: CallOptions = { deadline: Date.now() + timeoutMs };
    return this.#client.makeServerStreamRequest(path, pass, pass, request, metadata, options);
  }

  duplex({ path }: ServiceMethod, metadata: Metadata): ClientDuplexStream<Buffer, Buffer> {
    return this.#client.makeBidiStreamRequest(path, pass, pass, metadata, {});
  }

  close(): void {
    this.#client.close();
  }
}

/** The connections of one process to its brokers: one for each target, shared by all producers and consumers. */
export class Channels {
  readonly #channels = new Map<string, Channel>();

  to(target: string): Channel {
    let channel = this.#channels.get(target);
    if (channel === undefined) {
      channel = new Channel(target);
      this.#channels.set(target, channel);
    }
    return channel;
  }

  /** Which brokers are in use, and whether a connection stands. */
  state(): { target: string; connected: boolean }[] {
    return [...this.#channels.values()].map(({ target, isConnected }) => ({
      target,
      connected: isConnected,
    }));
  }

  close(): void {
    for (const channel of this.#channels.values()) channel.close();
    this.#channels.clear();
  }
}
