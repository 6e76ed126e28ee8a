import { status as grpcStatus, type ServiceError } from '@grpc/grpc-js';
import { apache, type Filter, limits, methods, NomosError } from '@nomos/schemas';
import type { BrokerClient } from './broker-client.js';
import { type DeliveredMessage, readDelivery } from './delivered-message.js';
import { protoDuration } from './duration.js';
import { filterExpression } from './filter-expression.js';
import type { Assignment } from './query-assignment.js';
import { errorOfCall, errorOfStatus } from './status.js';

const { Code, ReceiveMessageRequest, ReceiveMessageResponse } = apache.rocketmq.v2;

/** The answer of a long poll may come a little after its waiting time. */
const ANSWER_MARGIN_MS = 5_000;

export interface ReceiveOptions {
  readonly group: string;
  readonly filter: Filter;
  readonly messagesMax: number;
  readonly invisibleDurationMs: number;
  readonly waitMs: number;
  /** Called for each message as it comes, which is before the call ends. */
  onMessage(message: DeliveredMessage): void;
}

/** A long poll under way. */
export interface ReceiveCall {
  /** How many messages came. Rejects with what the broker answered, if none came. */
  readonly received: Promise<number>;
  /** Gives up waiting; messages that have come stay. */
  cancel(): void;
}

/** Asks for messages and waits for them if there are none. */
export function receiveMessages(
  client: BrokerClient,
  { target, queue }: Assignment,
  options: ReceiveOptions,
): ReceiveCall {
  const request = ReceiveMessageRequest.encode({
    group: { name: options.group },
    messageQueue: queue,
    filterExpression: filterExpression(options.filter),
    batchSize: Math.min(options.messagesMax, limits.receiveBatchMessages),
    invisibleDuration: protoDuration(options.invisibleDurationMs),
    longPollingTimeout: protoDuration(options.waitMs),
  }).finish();
  const bytes = Buffer.from(request.buffer, request.byteOffset, request.byteLength);
  const deadlineMs = options.waitMs + ANSWER_MARGIN_MS;
  const stream = client
    .channel(target)
    .serverStream(methods.receiveMessage, bytes, client.metadata(), deadlineMs);
  const received = new Promise<number>((resolve, reject) => {
    let count = 0;
    let refusal: NomosError | undefined;
    stream.on('data', (part: Buffer) => {
      try {
        const message = readDelivery(part);
        if (message !== undefined) {
          count++;
          options.onMessage(message);
          return;
        }
        const { status } = ReceiveMessageResponse.decode(part);
        if (status && status.code !== Code.MESSAGE_NOT_FOUND) refusal = errorOfStatus(status);
      } catch (cause) {
        refusal = new NomosError('INTERNAL', `A part of the answer of ${target} cannot be decoded.`, {
          cause,
        });
      }
    });
    // Messages that came are leased to this consumer, so they count even if the call failed after them.
    const settle = (error: NomosError | undefined) =>
      error === undefined || count > 0 ? resolve(count) : reject(error);
    stream.on('end', () => settle(refusal));
    stream.on('error', (error: ServiceError) => {
      const waitedInVain = error.code === grpcStatus.DEADLINE_EXCEEDED || error.code === grpcStatus.CANCELLED;
      settle(refusal ?? (waitedInVain ? undefined : errorOfCall(error, target)));
    });
  });
  return { received, cancel: () => stream.cancel() };
}
