import { connect } from 'node:http2';
import { Client, credentials, Metadata } from '@grpc/grpc-js';
import { apache } from '@nomos/schemas';
import { serviceDefinition } from './service-definition.spec.support.js';

const v2 = apache.rocketmq.v2;
type Method = keyof typeof serviceDefinition;

interface Type<Message> {
  encode(message: object): { finish(): Uint8Array };
  decode(bytes: Uint8Array): Message;
}

/** A plain gRPC client for tests: it sends what it is told, also what official clients would not. */
export class RawClient {
  readonly metadata: Record<string, string>;
  readonly #client: Client;

  constructor(endpoint: string, metadata: Record<string, string>) {
    this.#client = new Client(endpoint, credentials.createInsecure(), {
      'grpc.max_receive_message_length': -1,
    });
    this.metadata = { 'x-mq-client-id': 'raw-client', ...metadata };
  }

  close(): void {
    this.#client.close();
  }

  async unary<Response>(
    method: Method,
    requestType: Type<unknown>,
    responseType: Type<Response>,
    request: object,
  ) {
    const bytes = Buffer.from(requestType.encode(request).finish());
    return responseType.decode(await this.unaryBytes(method, bytes));
  }

  unaryBytes(method: Method, request: Buffer): Promise<Buffer> {
    const { path, requestSerialize, responseDeserialize } = serviceDefinition[method];
    return new Promise((resolve, reject) => {
      this.#client.makeUnaryRequest(
        ...([path, requestSerialize, responseDeserialize, request, this.#headers()] as const),
        (error, response) => (response === undefined ? reject(error) : resolve(response)),
      );
    });
  }

  send(...messages: object[]) {
    return this.unary('sendMessage', v2.SendMessageRequest, v2.SendMessageResponse, { messages });
  }

  ack(group: string, topic: string, ...handles: string[]) {
    const entries = handles.map((receiptHandle) => ({ receiptHandle, messageId: 'any' }));
    const request = { group: { name: group }, topic: { name: topic }, entries };
    return this.unary('ackMessage', v2.AckMessageRequest, v2.AckMessageResponse, request);
  }

  change(group: string, topic: string, receiptHandle: string, seconds: number) {
    const request = {
      group: { name: group },
      topic: { name: topic },
      receiptHandle,
      invisibleDuration: { seconds },
    };
    return this.unary(
      ...(['changeInvisibleDuration', v2.ChangeInvisibleDurationRequest] as const),
      ...([v2.ChangeInvisibleDurationResponse, request] as const),
    );
  }

  async receive(group: string, topic: string, options: object = {}, deadlineMs = 30_000) {
    return await readReceive(this.startReceive(group, topic, options, deadlineMs));
  }

  /** A receive with any bytes for a request. */
  async receiveBytes(request: Buffer) {
    return await readReceive(this.#startReceive(request, 30_000));
  }

  startReceive(group: string, topic: string, options: object = {}, deadlineMs = 30_000) {
    return this.#startReceive(receiveRequest(group, topic, options), deadlineMs);
  }

  #startReceive(request: Buffer, deadlineMs: number) {
    const { path, requestSerialize, responseDeserialize } = serviceDefinition.receiveMessage;
    return this.#client.makeServerStreamRequest(
      ...([path, requestSerialize, responseDeserialize, request, this.#headers()] as const),
      { deadline: Date.now() + deadlineMs },
    );
  }

  /** Reads a queue from an offset. */
  async pull(request: object) {
    const { path, requestSerialize, responseDeserialize } = serviceDefinition.pullMessage;
    const bytes = Buffer.from(v2.PullMessageRequest.encode(request).finish());
    const call = this.#client.makeServerStreamRequest(
      ...([path, requestSerialize, responseDeserialize, bytes, this.#headers()] as const),
      { deadline: Date.now() + 30_000 },
    );
    const parts: apache.rocketmq.v2.PullMessageResponse[] = [];
    for await (const part of call) parts.push(v2.PullMessageResponse.decode(part as Buffer));
    return {
      status: parts.find((part) => part.status)?.status,
      messages: parts.flatMap((part) => (part.message ? [part.message] : [])),
      nextOffset: parts.at(-1)?.nextOffset,
    };
  }

  telemetry(deadline?: Date) {
    const { path, requestSerialize, responseDeserialize } = serviceDefinition.telemetry;
    return this.#client.makeBidiStreamRequest(
      ...([path, requestSerialize, responseDeserialize, this.#headers()] as const),
      deadline === undefined ? {} : { deadline },
    );
  }

  #headers(): Metadata {
    const metadata = new Metadata();
    for (const [name, value] of Object.entries(this.metadata)) metadata.set(name, value);
    return metadata;
  }
}

export function receiveRequest(group: string, topic: string, options: object = {}): Buffer {
  const request = v2.ReceiveMessageRequest.encode({
    ...{ group: { name: group }, messageQueue: { topic: { name: topic } }, batchSize: 32 },
    ...{ invisibleDuration: { seconds: 10 }, longPollingTimeout: { seconds: 5 }, ...options },
  }).finish();
  return Buffer.from(request);
}

/** A call whose answer finds no room at the client: HTTP/2's flow control lets nothing of it through. */
export function openUnread(endpoint: string, method: string, metadata: Record<string, string>) {
  const session = connect(`http://${endpoint}`, { settings: { initialWindowSize: 0 } });
  session.on('error', () => {});
  const stream = session.request({
    ...{ ':method': 'POST', ':path': `/apache.rocketmq.v2.MessagingService/${method}` },
    ...{ 'content-type': 'application/grpc', te: 'trailers', ...metadata },
  });
  stream.on('error', () => {});
  const frame = (request: Buffer) => {
    const head = Buffer.alloc(5);
    head.writeUInt32BE(request.length, 1);
    return Buffer.concat([head, request]);
  };
  return {
    /** Resolves when the broker has room for more. */
    write: (request: Buffer) =>
      new Promise<void>((resolve) => {
        stream.write(frame(request), () => resolve());
      }),
    /** Writes the last or only request. */
    end: (request: Buffer) => stream.end(frame(request)),
    close: () => session.destroy(),
  };
}

async function readReceive(call: AsyncIterable<unknown>) {
  const parts: apache.rocketmq.v2.ReceiveMessageResponse[] = [];
  for await (const part of call) parts.push(v2.ReceiveMessageResponse.decode(part as Buffer));
  return {
    status: parts.find((part) => part.status)?.status,
    messages: parts.flatMap((part) => (part.message ? [part.message] : [])),
  };
}

/** A message as a client would send it. */
export function message(
  topic: string,
  messageId: string,
  options: { system?: object; [field: string]: unknown } = {},
) {
  const { system, ...fields } = options;
  return {
    ...{ topic: { name: topic }, body: Buffer.from(`body of ${messageId}`) },
    ...fields,
    systemProperties: { messageId, messageType: v2.MessageType.NORMAL, ...system },
  };
}
