import {
  Client,
  type ClientReadableStream,
  credentials,
  Metadata,
  type ServiceError,
  status,
} from '@grpc/grpc-js';
import { apache, type Filter, methods } from '@nomos/schemas';
import { everyMessage } from './bench-catalog.js';

const v2 = apache.rocketmq.v2;

const CALL_TIMEOUT_MS = 60_000;
const INVISIBLE_SECONDS = 300;
const LONG_POLLING_SECONDS = 20;

/** Answers to a receive: there are messages, or none. */
const EXPECTED: ReadonlySet<number> = new Set([v2.Code.OK, v2.Code.MESSAGE_NOT_FOUND]);

const pass = (bytes: Buffer): Buffer => bytes;

/** What a consumer receives: a topic, with a group, through the filter that is registered for both. */
export interface Subscribed {
  readonly group: string;
  readonly topic: string;
  readonly filter?: Filter;
}

/** A message as it came, as far as the benchmark looks at it. */
export interface Received {
  readonly receiptHandle: string;
  readonly key: string;
}

/** A receive under way. */
export interface ReceiveCall {
  /** None when there were none, or the call was cancelled. */
  readonly messages: Promise<readonly Received[]>;
  cancel(): void;
}

/** A plain gRPC client: requests are encoded and answers decoded by protobufjs, one call at a time for each caller. */
export class BenchClient {
  readonly #client: Client;
  readonly #metadata = new Metadata();

  constructor(endpoint: string, metadata: Readonly<Record<string, string>>) {
    for (const [name, value] of Object.entries(metadata)) this.#metadata.set(name, value);
    this.#client = new Client(endpoint, credentials.createInsecure(), {
      'grpc.max_receive_message_length': -1,
      // Clients of one process would share a connection otherwise.
      'grpc.use_local_subchannel_pool': 1,
    });
  }

  close(): void {
    this.#client.close();
  }

  /** Sends messages in one call; resolves when they are durable. */
  async send(messages: readonly apache.rocketmq.v2.IMessage[]): Promise<void> {
    const request = v2.SendMessageRequest.encode({ messages: [...messages] }).finish();
    const bytes = await this.#unary('sendMessage', request);
    assertOk('SendMessage', v2.SendMessageResponse.decode(bytes).status);
  }

  /** A call that the broker answers without its disk. */
  async queryRoute(topic: string): Promise<void> {
    const request = v2.QueryRouteRequest.encode({ topic: { name: topic } }).finish();
    assertOk('QueryRoute', v2.QueryRouteResponse.decode(await this.#unary('queryRoute', request)).status);
  }

  /** Receives up to `batchSize` messages, waiting for the first. */
  receive({ group, topic, filter = everyMessage }: Subscribed, batchSize: number): ReceiveCall {
    const type = filter.type === 'sql' ? v2.FilterType.SQL : v2.FilterType.TAG;
    const request = v2.ReceiveMessageRequest.encode({
      ...{ group: { name: group }, messageQueue: { topic: { name: topic } }, batchSize },
      ...{ filterExpression: { type, expression: filter.expression } },
      invisibleDuration: { seconds: INVISIBLE_SECONDS },
      longPollingTimeout: { seconds: LONG_POLLING_SECONDS },
    }).finish();
    const { path } = methods.receiveMessage;
    const options = { deadline: Date.now() + CALL_TIMEOUT_MS };
    const call = this.#client.makeServerStreamRequest(
      ...([path, pass, pass, toBuffer(request), this.#metadata, options] as const),
    );
    return { messages: readMessages(call), cancel: () => call.cancel() };
  }

  /** Acknowledges deliveries; resolves when that is durable. */
  async acknowledge({ group, topic }: Subscribed, received: readonly Received[]): Promise<void> {
    const entries = received.map(({ receiptHandle }) => ({ receiptHandle, messageId: '' }));
    const request = { group: { name: group }, topic: { name: topic }, entries };
    const bytes = await this.#unary('ackMessage', v2.AckMessageRequest.encode(request).finish());
    assertOk('AckMessage', v2.AckMessageResponse.decode(bytes).status);
  }

  #unary(method: keyof typeof methods, request: Uint8Array): Promise<Buffer> {
    const options = { deadline: Date.now() + CALL_TIMEOUT_MS };
    return new Promise((resolve, reject) => {
      this.#client.makeUnaryRequest<Buffer, Buffer>(
        ...([methods[method].path, pass, pass, toBuffer(request), this.#metadata, options] as const),
        (error, answer) => (answer === undefined ? reject(error) : resolve(answer)),
      );
    });
  }
}

function readMessages(call: ClientReadableStream<Buffer>): Promise<Received[]> {
  const received: Received[] = [];
  return new Promise((resolve, reject) => {
    call.on('data', (bytes: Buffer) => {
      const answer = v2.ReceiveMessageResponse.decode(bytes);
      const system = answer.message?.systemProperties;
      if (system) received.push({ receiptHandle: system.receiptHandle ?? '', key: system.keys?.[0] ?? '' });
      const isRefused = answer.status && !EXPECTED.has(answer.status.code ?? 0);
      if (isRefused) reject(new Error(`ReceiveMessage was refused: ${answer.status?.message}`));
    });
    call.on('end', () => resolve(received));
    call.on('error', (error: Partial<ServiceError>) => {
      if (error.code === status.CANCELLED) resolve([]);
      else reject(error);
    });
  });
}

function assertOk(method: string, answered: apache.rocketmq.v2.IStatus | null | undefined): void {
  if (answered?.code === v2.Code.OK) return;
  throw new Error(`${method} was refused: ${answered?.code} ${answered?.message}`);
}

function toBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
