import { constants, type ServerHttp2Stream } from 'node:http2';
import type { Socket } from 'node:net';
import {
  type ConnectionInjector,
  type handleUnaryCall,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type UntypedHandleCall,
} from '@grpc/grpc-js';
import { apache, limits, NomosError } from '@nomos/schemas';
import { brokerLimits } from '../core/broker-limits.js';
import { ackMessage } from './ack-message.js';
import { AnswerStream } from './answer-stream.js';
import type { BrokerServices } from './broker-services.js';
import { type CallContext, readMetadata } from './call-context.js';
import { changeInvisibleDuration } from './change-invisible-duration.js';
import { type Decoder, decodeRequest } from './decode-request.js';
import { endTransaction } from './end-transaction.js';
import { forwardMessageToDeadLetterQueue } from './forward-message-to-dead-letter-queue.js';
import { getOffset } from './get-offset.js';
import { heartbeat } from './heartbeat.js';
import { guardStreams } from './http2-streams.js';
import { notifyClientTermination } from './notify-client-termination.js';
import { pullMessage } from './pull-message.js';
import { queryAssignment } from './query-assignment.js';
import { queryOffset } from './query-offset.js';
import { queryRoute } from './query-route.js';
import { recallMessage } from './recall-message.js';
import { receiveMessage } from './receive-message.js';
import { sendMessage } from './send-message.js';
import { serviceDefinition } from './service-definition.js';
import { statusOf } from './status.js';
import { telemetry } from './telemetry.js';
import { GrpcTelemetryStream } from './telemetry-stream.js';
import { UnfinishedRequests } from './unfinished-requests.js';
import { updateOffset } from './update-offset.js';

const v2 = apache.rocketmq.v2;

/** A call may carry more than the messages themselves; what is really too large is refused with a clear code. */
const RECEIVE_BYTES_MAX = limits.sendBatchBytes + 1024 * 1024;

type Call =
  | ServerUnaryCall<Buffer, Buffer>
  | ServerWritableStream<Buffer, Buffer>
  | ServerDuplexStream<Buffer, Buffer>;

/** Every response has a status, which is all that a refusal sets. */
interface Answer {
  readonly status?: apache.rocketmq.v2.IStatus | null | undefined;
}

interface Encoder {
  encode(message: Answer): { finish(): Uint8Array };
}

const serverOptions = {
  'grpc.max_receive_message_length': RECEIVE_BYTES_MAX,
  'grpc.max_concurrent_streams': brokerLimits.streamsPerConnection,
  'grpc.keepalive_time_ms': brokerLimits.keepaliveMs,
  'grpc.keepalive_timeout_ms': brokerLimits.keepaliveAnswerMs,
  // gRPC's own diagnosis costs time with every call and message, and nothing here can be asked for it.
  'grpc.enable_channelz': 0,
};

/** The gRPC server with all RPCs. It knows gRPC; the RPCs themselves do not. It listens to no port of its own. */
export class GrpcServer {
  readonly #server = new Server(serverOptions);
  readonly #injector: ConnectionInjector;
  readonly #connections = new Set<Socket>();
  readonly #unfinished: UnfinishedRequests;
  #calls = 0;
  #noteDisconnect: () => void = () => {};
  readonly #telemetryStreams = new Set<GrpcTelemetryStream>();
  readonly #services: BrokerServices;

  constructor(services: BrokerServices) {
    this.#services = services;
    this.#unfinished = new UnfinishedRequests(services.clock);
    this.#server.addService(serviceDefinition, this.#handlers());
    // Whether there is TLS below is settled before a connection comes here.
    this.#injector = this.#server.createConnectionInjector(ServerCredentials.createInsecure());
    guardStreams(this.#server, (stream) => this.#admit(stream));
  }

  /** Serves a connection that speaks HTTP/2 from its first byte on. */
  accept(socket: Socket): void {
    // A connection that has ended meanwhile would never be reported as closed.
    if (socket.destroyed) return;
    this.#connections.add(socket);
    socket.once('close', () => {
      this.#connections.delete(socket);
      this.#noteDisconnect();
    });
    this.#injector.injectConnection(socket);
  }

  /** Stops taking calls, ends telemetry, and waits for the calls under way, at most `waitMs`. */
  async close(waitMs: number): Promise<void> {
    for (const stream of this.#telemetryStreams) stream.end();
    // Each connection ends after its last call. What gRPC reports is not waited for: from Node 24 on it comes
    // at once, since closing an HTTP/2 server there begins to close its connections too.
    this.#server.tryShutdown(() => {});
    await new Promise<void>((resolve) => {
      const cancel = this.#services.clock.setTimer(waitMs, () => {
        for (const socket of this.#connections) socket.destroy();
      });
      this.#noteDisconnect = () => {
        if (this.#connections.size > 0) return;
        cancel();
        resolve();
      };
      this.#noteDisconnect();
    });
  }

  #admit(stream: ServerHttp2Stream): boolean {
    if (this.#calls >= brokerLimits.calls) {
      // Clients may repeat what was refused in this way, since nothing of it was done (RFC 9113, 8.7).
      stream.close(constants.NGHTTP2_REFUSED_STREAM);
      return false;
    }
    this.#calls++;
    stream.once('close', () => this.#calls--);
    this.#unfinished.watch(stream);
    return true;
  }

  /** Ends the connection of a call, which gRPC knows by the client's address only. */
  #disconnect(peer: string): void {
    for (const socket of this.#connections) {
      if (`${socket.remoteAddress}:${socket.remotePort}` === peer) socket.destroy();
    }
  }

  #handlers(): Record<string, UntypedHandleCall> {
    return {
      queryRoute: this.#unary(v2.QueryRouteRequest, v2.QueryRouteResponse, queryRoute),
      queryAssignment: this.#unary(v2.QueryAssignmentRequest, v2.QueryAssignmentResponse, queryAssignment),
      heartbeat: this.#unary(v2.HeartbeatRequest, v2.HeartbeatResponse, heartbeat),
      ackMessage: this.#unary(v2.AckMessageRequest, v2.AckMessageResponse, ackMessage),
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
      sendMessage: this.#raw(v2.SendMessageResponse, (request, context) =>
        sendMessage(this.#services, request, context),
      ),
      receiveMessage: (call: ServerWritableStream<Buffer, Buffer>) => this.#answer(call, receiveMessage),
      telemetry: (stream: ServerDuplexStream<Buffer, Buffer>) => this.#telemetry(stream),
      endTransaction: this.#unary(v2.EndTransactionRequest, v2.EndTransactionResponse, endTransaction),
      recallMessage: this.#unary(v2.RecallMessageRequest, v2.RecallMessageResponse, recallMessage),
      updateOffset: this.#unary(v2.UpdateOffsetRequest, v2.UpdateOffsetResponse, updateOffset),
      getOffset: this.#unary(v2.GetOffsetRequest, v2.GetOffsetResponse, getOffset),
      queryOffset: this.#unary(v2.QueryOffsetRequest, v2.QueryOffsetResponse, queryOffset),
      pullMessage: (call: ServerWritableStream<Buffer, Buffer>) => this.#answer(call, pullMessage),
    };
  }

  /** An RPC with a decoded request; an error becomes the status of its response. */
  #unary<Request>(
    requestType: Decoder<Request>,
    responseType: Encoder,
    handle: (services: BrokerServices, request: Request, context: CallContext) => Promise<Answer>,
  ): handleUnaryCall<Buffer, Buffer> {
    return this.#raw(responseType, async (bytes, context) => {
      return encode(responseType, await handle(this.#services, decodeRequest(requestType, bytes), context));
    });
  }

  #raw(
    responseType: Encoder,
    handle: (request: Buffer, context: CallContext) => Promise<Buffer>,
  ): handleUnaryCall<Buffer, Buffer> {
    return (call, respond) => {
      handle(call.request, contextOf(call)).then(
        (response) => respond(null, response),
        (error: unknown) => {
          if (!(error instanceof NomosError))
            this.#services.log.error({ err: error }, `${call.getPath()} failed`);
          respond(null, encode(responseType, { status: statusOf(error) }));
        },
      );
    };
  }

  /** An RPC whose answer is a stream. */
  #answer(call: ServerWritableStream<Buffer, Buffer>, handle: typeof receiveMessage): void {
    const { clock } = this.#services;
    const stream = new AnswerStream(call, clock, () => this.#disconnect(call.getPeer()));
    handle(this.#services, call.request, contextOf(call), stream).finally(() => stream.end());
  }

  #telemetry(call: ServerDuplexStream<Buffer, Buffer>): void {
    const context = contextOf(call);
    const stream: GrpcTelemetryStream = new GrpcTelemetryStream(call, (command) =>
      telemetry(this.#services, command, context, stream),
    );
    this.#telemetryStreams.add(stream);
    stream.onEnded(() => this.#telemetryStreams.delete(stream));
  }
}

function contextOf(call: Call): CallContext {
  const deadline = call.getDeadline();
  return {
    metadata: readMetadata(call.metadata),
    peer: call.getPeer(),
    deadlineMs: deadline instanceof Date ? deadline.getTime() : deadline,
  };
}

function encode(type: Encoder, message: Answer): Buffer {
  const bytes = type.encode(message).finish();
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
