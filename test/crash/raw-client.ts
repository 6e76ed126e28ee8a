import { Client, credentials, Metadata } from '@grpc/grpc-js';
import { apache, methods } from '@nomos/schemas';
import { callMetadata } from './catalog.js';

const v2 = apache.rocketmq.v2;
const { Code } = v2;

/** A call that takes longer than this failed for another reason than a kill. */
const CALL_MS_MAX = 30_000;
const BATCH = 32;
const INVISIBLE_SECONDS = 10;
const LONG_POLLING_SECONDS = 5;

type Message = apache.rocketmq.v2.IMessage;

/** One client with a connection of its own, which it makes again soon after it broke. */
export class RawClient {
  readonly #client: Client;
  readonly #clientId: string;
  readonly #succeeded: () => void;

  /** `succeeded` is called whenever a call got its answer, whatever that says. */
  constructor(endpoint: string, clientId: string, succeeded: () => void) {
    this.#clientId = clientId;
    this.#succeeded = succeeded;
    this.#client = new Client(endpoint, credentials.createInsecure(), {
      'grpc.use_local_subchannel_pool': 1,
      'grpc.initial_reconnect_backoff_ms': 20,
      'grpc.max_reconnect_backoff_ms': 50,
    });
  }

  close(): void {
    this.#client.close();
  }

  /** Throws when the call got no answer. */
  async send(messages: readonly Message[]): Promise<apache.rocketmq.v2.ISendResultEntry[]> {
    const { SendMessageRequest, SendMessageResponse } = v2;
    const { entries } = await this.#unary('sendMessage', SendMessageRequest, SendMessageResponse, {
      messages,
    });
    return entries ?? [];
  }

  /** Whether each of the messages is acknowledged; throws when the call got no answer. */
  async acknowledge(group: string, topic: string, handles: readonly string[]): Promise<boolean[]> {
    const { AckMessageRequest, AckMessageResponse } = v2;
    const entries = handles.map((receiptHandle) => ({ receiptHandle, messageId: 'any' }));
    const request = { group: { name: group }, topic: { name: topic }, entries };
    const answer = await this.#unary('ackMessage', AckMessageRequest, AckMessageResponse, request);
    return handles.map((_, index) => answer.entries?.[index]?.status?.code === Code.OK);
  }

  /** Lets a message come again after a time, in milliseconds below 1,000. */
  async postpone(group: string, topic: string, receiptHandle: string, delayMs: number): Promise<void> {
    const { ChangeInvisibleDurationRequest, ChangeInvisibleDurationResponse } = v2;
    const invisibleDuration = { seconds: 0, nanos: delayMs * 1_000_000 };
    const request = { group: { name: group }, topic: { name: topic }, receiptHandle, invisibleDuration };
    const types = [ChangeInvisibleDurationRequest, ChangeInvisibleDurationResponse] as const;
    await this.#unary('changeInvisibleDuration', ...types, request);
  }

  /** Whether the transaction has ended so; false when the broker does not know it. Throws without an answer. */
  async endTransaction(
    topic: string,
    transactionId: string,
    resolution: 'commit' | 'rollback',
  ): Promise<boolean> {
    const { EndTransactionRequest, EndTransactionResponse } = v2;
    const { COMMIT, ROLLBACK } = v2.TransactionResolution;
    const request = {
      ...{ topic: { name: topic }, messageId: 'any', transactionId },
      resolution: resolution === 'commit' ? COMMIT : ROLLBACK,
    };
    const types = [EndTransactionRequest, EndTransactionResponse] as const;
    const { status } = await this.#unary('endTransaction', ...types, request);
    return status?.code === Code.OK;
  }

  /** Waits a while for messages; throws when the call broke. */
  async receive(group: string, topic: string): Promise<Message[]> {
    const request = {
      ...{ group: { name: group }, messageQueue: { topic: { name: topic } }, batchSize: BATCH },
      invisibleDuration: { seconds: INVISIBLE_SECONDS },
      longPollingTimeout: { seconds: LONG_POLLING_SECONDS },
    };
    const call = this.#client.makeServerStreamRequest(
      methods.receiveMessage.path,
      encodeBy(v2.ReceiveMessageRequest),
      (bytes) => v2.ReceiveMessageResponse.decode(bytes),
      ...([request, this.#metadata(), deadline()] as const),
    );
    const messages: Message[] = [];
    for await (const part of call) {
      const { message }: apache.rocketmq.v2.ReceiveMessageResponse = part;
      if (message) messages.push(message);
    }
    this.#succeeded();
    return messages;
  }

  /** Opens the stream on which the broker asks about transactions; `ended` is called when it breaks. */
  listen(
    topics: readonly string[],
    asked: (message: Message, transactionId: string) => void,
    ended: () => void,
  ): void {
    const stream = this.#client.makeBidiStreamRequest(
      methods.telemetry.path,
      encodeBy(v2.TelemetryCommand),
      (bytes) => v2.TelemetryCommand.decode(bytes),
      this.#metadata(),
    );
    stream.on('data', (command: apache.rocketmq.v2.TelemetryCommand) => {
      const question = command.recoverOrphanedTransactionCommand;
      if (question?.message) asked(question.message, question.transactionId ?? '');
    });
    stream.on('error', ended);
    const publishing = { topics: topics.map((name) => ({ name })) };
    const userAgent = { language: v2.Language.JAVA };
    stream.write({ settings: { clientType: v2.ClientType.PRODUCER, userAgent, publishing } });
  }

  async #unary<Response>(
    method: keyof typeof methods,
    requestType: Encoder,
    responseType: { decode(bytes: Uint8Array): Response },
    request: object,
  ): Promise<Response> {
    const answer = await new Promise<Response>((resolve, reject) => {
      this.#client.makeUnaryRequest(
        methods[method].path,
        encodeBy(requestType),
        (bytes) => responseType.decode(bytes),
        ...([request, this.#metadata(), deadline()] as const),
        (error, response) => (response === undefined ? reject(error) : resolve(response)),
      );
    });
    this.#succeeded();
    return answer;
  }

  #metadata(): Metadata {
    const metadata = new Metadata();
    for (const [name, value] of Object.entries(callMetadata(this.#clientId))) metadata.set(name, value);
    return metadata;
  }
}

interface Encoder {
  encode(message: object): { finish(): Uint8Array };
}

function encodeBy(type: Encoder): (message: object) => Buffer {
  return (message) => Buffer.from(type.encode(message).finish());
}

function deadline(): { deadline: number } {
  return { deadline: Date.now() + CALL_MS_MAX };
}
