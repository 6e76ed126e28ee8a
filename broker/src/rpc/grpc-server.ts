import type { Socket } from 'node:net';
import { apache, limits, methods, NomosError } from '@nomos/schemas';
import { brokerLimits } from '../core/broker-limits.js';
import type { GrpcCall } from '../grpc/call.js';
import { type CallHandler, GrpcListener } from '../grpc/grpc-listener.js';
import { grpcStatus } from '../grpc/status-code.js';
import { ackMessage } from './ack-message.js';
import { AnswerStream } from './answer-stream.js';
import type { BrokerServices } from './broker-services.js';
import type { CallContext } from './call-context.js';
import { changeInvisibleDuration } from './change-invisible-duration.js';
import { type Decoder, decodeRequest } from './decode-request.js';
import { endTransaction } from './end-transaction.js';
import { forwardMessageToDeadLetterQueue } from './forward-message-to-dead-letter-queue.js';
import { getOffset } from './get-offset.js';
import { heartbeat } from './heartbeat.js';
import { notifyClientTermination } from './notify-client-termination.js';
import { pullMessage } from './pull-message.js';
import { queryAssignment } from './query-assignment.js';
import { queryOffset } from './query-offset.js';
import { queryRoute } from './query-route.js';
import { recallMessage } from './recall-message.js';
import { receiveMessage } from './receive-message.js';
import { sendMessage } from './send-message.js';
import { statusOf } from './status.js';
import { telemetry } from './telemetry.js';
import { GrpcTelemetryStream } from './telemetry-stream.js';
import { updateOffset } from './update-offset.js';

const v2 = apache.rocketmq.v2;

/** A call may carry more than the messages themselves; what is really too large is refused with a clear code. */
const REQUEST_BYTES_MAX = limits.sendBatchBytes + 1024 * 1024;

/** Every response has a status, which is all that a refusal sets. */
interface Answer {
  readonly status?: apache.rocketmq.v2.IStatus | null | undefined;
}

interface Encoder {
  encode(message: Answer): { finish(): Uint8Array };
}

/** All RPCs of the service, on gRPC. It listens to no port of its own. */
export class GrpcServer {
  readonly #services: BrokerServices;
  readonly #listener: GrpcListener;
  readonly #telemetryStreams = new Set<GrpcTelemetryStream>();

  constructor(services: BrokerServices) {
    this.#services = services;
    const handlers = Object.entries(this.#handlers());
    const byPath = handlers.map(
      ([name, handler]) => [methods[name as keyof typeof methods].path, handler] as const,
    );
    this.#listener = new GrpcListener(services.clock, new Map(byPath));
  }

  /** Serves a connection that speaks HTTP/2 from its first byte on. */
  accept(socket: Socket): void {
    this.#listener.accept(socket);
  }

  /** Ends telemetry, and waits for the calls under way, at most `waitMs`. */
  async close(waitMs: number): Promise<void> {
    for (const stream of this.#telemetryStreams) stream.end();
    await this.#listener.close(waitMs);
  }

  #handlers(): Record<keyof typeof methods, CallHandler> {
    return {
      queryRoute: this.#unary(v2.QueryRouteRequest, v2.QueryRouteResponse, queryRoute),
      queryAssignment: this.#unary(v2.QueryAssignmentRequest, v2.QueryAssignmentResponse, queryAssignment),
      heartbeat: this.#unary(v2.HeartbeatRequest, v2.HeartbeatResponse, heartbeat),
      ackMessage: this.#raw(v2.AckMessageResponse, (request, context) =>
        ackMessage(this.#services, request, context),
      ),
      changeInvisibleDuration: this.#unary(
        v2.ChangeInvisibleDurationRequest,
        v2.ChangeInvisibleDurationResponse,
        changeInvisibleDuration,
      ),
      forwardMessageToDeadLetterQueue: this.#unary(
        v2.ForwardMessageToDeadLetterQueueRequest,
        v2.ForwardMessageToDeadLetterQueueResponse,
        forwardMessageToDeadLetterQueue,
      ),
      notifyClientTermination: this.#unary(
        v2.NotifyClientTerminationRequest,
        v2.NotifyClientTerminationResponse,
        notifyClientTermination,
      ),
      sendMessage: this.#raw(
        v2.SendMessageResponse,
        (request, context) => sendMessage(this.#services, request, context),
        REQUEST_BYTES_MAX,
      ),
      receiveMessage: this.#answering(receiveMessage),
      telemetry: { requestsGoOn: true, serve: (call) => this.#telemetry(call) },
      endTransaction: this.#unary(v2.EndTransactionRequest, v2.EndTransactionResponse, endTransaction),
      recallMessage: this.#unary(v2.RecallMessageRequest, v2.RecallMessageResponse, recallMessage),
      updateOffset: this.#unary(v2.UpdateOffsetRequest, v2.UpdateOffsetResponse, updateOffset),
      getOffset: this.#unary(v2.GetOffsetRequest, v2.GetOffsetResponse, getOffset),
      queryOffset: this.#unary(v2.QueryOffsetRequest, v2.QueryOffsetResponse, queryOffset),
      pullMessage: this.#answering(pullMessage),
    };
  }

  /** An RPC with a decoded request; an error becomes the status of its response. */
  #unary<Request>(
    requestType: Decoder<Request>,
    responseType: Encoder,
    handle: (services: BrokerServices, request: Request, context: CallContext) => Promise<Answer>,
  ): CallHandler {
    return this.#raw(responseType, async (bytes, context) => {
      return encode(responseType, await handle(this.#services, decodeRequest(requestType, bytes), context));
    });
  }

  #raw(
    responseType: Encoder,
    handle: (request: Buffer, context: CallContext) => Promise<Buffer>,
    requestBytesMax: number = brokerLimits.smallRequestBytes,
  ): CallHandler {
    return this.#onlyRequest(requestBytesMax, async (request, call) => {
      try {
        call.write(await handle(request, contextOf(call)));
      } catch (error) {
        if (!(error instanceof NomosError)) this.#services.log.error({ err: error }, 'an RPC failed');
        call.write(encode(responseType, { status: statusOf(error) }));
      }
      call.end();
    });
  }

  /** An RPC whose answer is a stream. */
  #answering(handle: typeof receiveMessage): CallHandler {
    return this.#onlyRequest(brokerLimits.smallRequestBytes, async (request, call) => {
      const stream = new AnswerStream(call, this.#services.clock);
      await handle(this.#services, request, contextOf(call), stream);
      stream.end();
    });
  }

  /** Handles calls that have exactly one request. */
  #onlyRequest(
    requestBytesMax: number,
    handle: (request: Buffer, call: GrpcCall) => Promise<void>,
  ): CallHandler {
    const answer = async (request: Buffer, call: GrpcCall) => {
      try {
        await handle(request, call);
      } catch (error) {
        this.#services.log.error({ err: error }, 'a call could not be answered');
        call.end({ code: grpcStatus.INTERNAL, details: 'the call could not be answered' });
      }
    };
    return { serve: (call) => call.readOne(requestBytesMax, (request) => void answer(request, call)) };
  }

  #telemetry(call: GrpcCall): void {
    const stream = new GrpcTelemetryStream(call);
    this.#telemetryStreams.add(stream);
    stream.onEnded(() => this.#telemetryStreams.delete(stream));
    // One command at a time, until its answer is read, so that a flood of them waits at the sender.
    const receive = (command: Buffer) => telemetry(this.#services, command, contextOf(call), stream);
    call.readEach(brokerLimits.smallRequestBytes, receive, () => stream.end());
  }
}

function contextOf({ metadata, peer, deadlineMs }: GrpcCall): CallContext {
  return { metadata, peer, deadlineMs };
}

function encode(type: Encoder, message: Answer): Buffer {
  const bytes = type.encode(message).finish();
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
