import { apache, NomosError } from '@nomos/schemas';
import { clientKey } from '../core/client-key.js';
import { type GrpcStatus, type GrpcStatusCode, grpcStatus } from '../grpc/status-code.js';
import type { BrokerServices } from './broker-services.js';
import { type CallContext, clientIdOf } from './call-context.js';
import { decodeRequest } from './decode-request.js';
import { describeClient } from './describe-client.js';
import { topicName } from './resource-name.js';
import { answerSettings, assertSettings } from './settings.js';
import { OK, type StatusCode, statusOf } from './status.js';

const { Code, TelemetryCommand } = apache.rocketmq.v2;

/** Where the answers of a telemetry stream go. */
export interface TelemetryStream {
  readonly isEnded: boolean;
  /** The client that the stream is attached to, so that further settings do not attach it again. */
  attachedTo: string | undefined;
  onEnded(listener: () => void): void;
  /** Resolves when the client has room for more; never, when it does not read. */
  write(command: Buffer): Promise<void>;
  /** Ends the stream, with a gRPC status when it is not the client's wish. */
  end(status?: GrpcStatus): void;
}

/**
 * Answers one command of a client's telemetry stream. A client sends its settings and gets them back with the
 * broker's decisions; its answers to commands need no answer. A refusal is told as a status, which some clients
 * show to their user, and ends the stream.
 */
export async function telemetry(
  services: BrokerServices,
  bytes: Buffer,
  context: CallContext,
  stream: TelemetryStream,
): Promise<void> {
  try {
    const clientId = clientIdOf(context);
    // Whoever is not admitted keeps no stream open, whatever it sends.
    await services.edge.admit(context.metadata, () => undefined);
    const { settings } = decodeRequest(TelemetryCommand, bytes);
    if (!settings) return;
    const application = await services.edge.admit(context.metadata, (caller) => {
      assertSettings(caller, settings);
      return caller.application;
    });
    const client = clientKey(application, clientId);
    services.clients.hear(client, describeClient(clientId, context.peer, settings));
    if (stream.attachedTo !== client && !stream.isEnded) {
      stream.attachedTo = client;
      stream.onEnded(services.clients.attach(client, () => services.core.receiving.releaseClient(client)));
    }
    if (settings.publishing) {
      const topics = new Set((settings.publishing.topics ?? []).map((topic) => topicName(topic)));
      services.producers.join(client, { topics, stream });
    }
    const answer = { status: OK, settings: answerSettings(services, settings) };
    await stream.write(Buffer.from(TelemetryCommand.encode(answer).finish()));
  } catch (error) {
    if (!(error instanceof NomosError)) services.log.error({ err: error }, 'telemetry failed');
    const status = statusOf(error);
    void stream.write(Buffer.from(TelemetryCommand.encode({ status }).finish()));
    stream.end({ code: grpcStatusOf(status.code), details: status.message });
  }
}

function grpcStatusOf(code: StatusCode): GrpcStatusCode {
  if (code === Code.UNAUTHORIZED) return grpcStatus.UNAUTHENTICATED;
  if (code === Code.FORBIDDEN) return grpcStatus.PERMISSION_DENIED;
  return code >= Code.INTERNAL_ERROR ? grpcStatus.INTERNAL : grpcStatus.INVALID_ARGUMENT;
}
