import { createServer } from 'node:net';
import {
  type handleUnaryCall,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type UntypedHandleCall,
} from '@grpc/grpc-js';
import { apache, limits, NomosError } from '@nomos/schemas';
import { ackMessage } from './ack-message.js';
import type { BrokerServices } from './broker-services.js';
import { type CallContext, readMetadata } from './call-context.js';
import { changeInvisibleDuration } from './change-invisible-duration.js';
import { type Decoder, decodeRequest } from './decode-request.js';
import { forwardMessageToDeadLetterQueue } from './forward-message-to-dead-letter-queue.js';
import { heartbeat } from './heartbeat.js';
import { notifyClientTermination } from './notify-client-termination.js';
import { queryAssignment } from './query-assignment.js';
import { queryRoute } from './query-route.js';
import { receiveMessage } from './receive-message.js';
import { sendMessage } from './send-message.js';
import { serviceDefinition } from './service-definition.js';
import { statusOf } from './status.js';
import { telemetry } from './telemetry.js';

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

/** The gRPC server with all RPCs. It knows gRPC; the RPCs themselves do not. */
export class GrpcServer {
  readonly #server: Server;
  readonly #telemetryStreams = new Set<ServerDuplexStream<Buffer, Buffer>>();
  readonly #services: BrokerServices;

  constructor(services: BrokerServices) {
    this.#services = services;
    this.#server = new Server({ 'grpc.max_receive_message_length': RECEIVE_BYTES_MAX });
    this.#server.addService(serviceDefinition, this.#handlers());
  }

  /** Listens; the answer is the port. Throws PORT_IN_USE, CONFIGURATION_INVALID. */
  async listen(host: string, port: number): Promise<number> {
    const address = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
    try {
      await assertFree(host, port);
      return await new Promise((resolve, reject) => {
        this.#server.bindAsync(address, ServerCredentials.createInsecure(), (error, bound) =>
          error === null ? resolve(bound) : reject(error),
        );
      });
    } catch (error) {
      throw listenFailure(address, error);
    }
  }

  /** Stops taking calls, ends telemetry, and waits for the calls under way, at most `waitMs`. */
  async close(waitMs: number): Promise<void> {
    for (const stream of this.#telemetryStreams) stream.end();
    await new Promise<void>((resolve) => {
      const cancel = this.#services.clock.setTimer(waitMs, () => this.#server.forceShutdown());
      this.#server.tryShutdown(() => {
        cancel();
        resolve();
      });
    });
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
      receiveMessage: (call: ServerWritableStream<Buffer, Buffer>) => this.#receive(call),
      telemetry: (stream: ServerDuplexStream<Buffer, Buffer>) => this.#telemetry(stream),
      endTransaction: this.#unsupported(v2.EndTransactionResponse, 'transactions'),
      recallMessage: this.#unsupported(v2.RecallMessageResponse, 'recall'),
      updateOffset: this.#unsupported(v2.UpdateOffsetResponse, 'offsets'),
      getOffset: this.#unsupported(v2.GetOffsetResponse, 'offsets'),
      queryOffset: this.#unsupported(v2.QueryOffsetResponse, 'offsets'),
      pullMessage: (call: ServerWritableStream<Buffer, Buffer>) => {
        call.write(encode(v2.PullMessageResponse, { status: statusOf(notSupported('pulling')) }));
        call.end();
      },
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

  #unsupported(responseType: Encoder, what: string): handleUnaryCall<Buffer, Buffer> {
    return this.#raw(responseType, () => Promise.reject(notSupported(what)));
  }

  #receive(call: ServerWritableStream<Buffer, Buffer>): void {
    // Without a listener, a connection that breaks while parts are written would end the process.
    call.on('error', () => {});
    receiveMessage(this.#services, call.request, contextOf(call), {
      isCancelled: () => call.cancelled,
      onCancelled: (listener) => {
        call.on('cancelled', listener);
        return () => call.off('cancelled', listener);
      },
      onRead: (listener) => {
        for (const event of ['finish', 'cancelled', 'error', 'close']) call.once(event, listener);
      },
      write: (part) => call.write(part),
    }).finally(() => call.end());
  }

  #telemetry(stream: ServerDuplexStream<Buffer, Buffer>): void {
    this.#telemetryStreams.add(stream);
    const context = contextOf(stream);
    let ended = false;
    const end = () => {
      ended = true;
      this.#telemetryStreams.delete(stream);
    };
    stream.on('data', (command: Buffer) => {
      // One command at a time, until its answer is read, so that a flood of them waits at the sender.
      stream.pause();
      telemetry(this.#services, command, context, {
        write: (answer) =>
          new Promise((resolve) => {
            if (ended) resolve();
            else stream.write(answer, () => resolve());
          }),
        fail: (code, details) => {
          if (!ended) stream.emit('error', { code, details });
        },
      }).finally(() => stream.resume());
    });
    stream.on('end', () => {
      if (!ended) stream.end();
      end();
    });
    stream.on('cancelled', end);
    stream.on('error', end);
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

function notSupported(what: string): NomosError {
  return new NomosError('NOT_SUPPORTED', `This broker does not offer ${what} yet.`);
}

/** Tries the port first: gRPC's own failure also writes to standard error. */
async function assertFree(host: string, port: number): Promise<void> {
  const probe = createServer();
  await new Promise<void>((resolve, reject) => {
    probe.once('error', reject);
    probe.listen({ host, port, exclusive: true }, resolve);
  });
  await new Promise((resolve) => probe.close(resolve));
}

function listenFailure(address: string, error: unknown): NomosError {
  const message = error instanceof Error ? error.message : String(error);
  if (message.includes('EADDRINUSE')) {
    return new NomosError('PORT_IN_USE', `The broker cannot listen on ${address}: the port is taken.`, {
      cause: error,
    });
  }
  return new NomosError('CONFIGURATION_INVALID', `The broker cannot listen on ${address}: ${message}.`, {
    fix: 'Choose a host of this machine and a port that this user may open.',
    cause: error,
  });
}
