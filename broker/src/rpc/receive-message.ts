import { apache, limits, NomosError, parseTagFilter, type TagFilter } from '@nomos/schemas';
import type { ReceiveCall } from '../core/broker-core.js';
import { brokerLimits } from '../core/broker-limits.js';
import type { Delivery } from '../core/delivery/subscription.js';
import type { BrokerServices } from './broker-services.js';
import { type CallContext, clientIdOf } from './call-context.js';
import { Clients } from './clients.js';
import { decodeRequest } from './decode-request.js';
import { milliseconds, protoDuration } from './duration.js';
import { encodeDelivery } from './encode-delivery.js';
import { groupName, topicName } from './resource-name.js';
import { OK, requestRefused, statusOf } from './status.js';

const { Code, FilterType, ReceiveMessageRequest, ReceiveMessageResponse } = apache.rocketmq.v2;
type Request = apache.rocketmq.v2.ReceiveMessageRequest;

/** The answer must be with the client before its deadline. */
const ANSWER_MARGIN_MS = 200;

/** Where the parts of the answer go. */
export interface ReceiveStream {
  isCancelled(): boolean;
  /** The answer removes the listener; gRPC also reports a call as cancelled that has ended well. */
  onCancelled(listener: () => void): () => void;
  /** The listener hears, once or more often, that the answer is out or nobody waits for it any more. */
  onRead(listener: () => void): void;
  write(part: Buffer): void;
}

/** Receives messages, waiting for them (long polling). The answer is a status, the messages, and the time. */
export async function receiveMessage(
  services: BrokerServices,
  bytes: Buffer,
  context: CallContext,
  stream: ReceiveStream,
): Promise<void> {
  try {
    const request = decodeRequest(ReceiveMessageRequest, bytes);
    const filter = readFilter(request);
    const { application, client } = await admit(services, request, context);
    services.deliveryWindow.assertOpen(application);
    const call = startReceive(services, request, context, client, filter);
    const stopListening = stream.onCancelled(call.cancel);
    if (stream.isCancelled()) call.cancel();
    const deliveries = await call.deliveries;
    if (deliveries.length === 0) {
      stopListening();
      return stream.write(encodeStatus({ code: Code.MESSAGE_NOT_FOUND, message: 'There is no message.' }));
    }
    stream.onRead(await admitDeliveries(services, request, context, call, deliveries));
    stopListening();
    // A client that has gone would keep the messages invisible for nothing.
    if (stream.isCancelled()) return call.cancel();
    stream.write(encodeStatus(OK));
    for (const delivery of deliveries) stream.write(encodeDelivery(delivery));
    const deliveryTimestamp = protoDuration(services.clock.now());
    stream.write(Buffer.from(ReceiveMessageResponse.encode({ deliveryTimestamp }).finish()));
  } catch (error) {
    if (!(error instanceof NomosError)) services.log.error({ err: error }, 'ReceiveMessage failed');
    stream.write(encodeStatus(statusOf(error)));
  }
}

/** Who asks, if it may receive what it asks for. */
async function admit(services: BrokerServices, request: Request, context: CallContext) {
  const clientId = clientIdOf(context);
  const group = groupName(request.group);
  const topic = topicName(request.messageQueue?.topic);
  const application = await services.edge.admit(context.metadata, (caller) => {
    caller.assertMayConsumeWith(group, topic, request.filterExpression?.expression ?? '*');
    return caller.application;
  });
  return { application, client: Clients.key(application, clientId) };
}

/**
 * A client may have lost its right while it waited, or does not read; what was found for it then goes to
 * others. The answer is to be called when the deliveries are read.
 */
async function admitDeliveries(
  services: BrokerServices,
  request: Request,
  context: CallContext,
  call: ReceiveCall,
  deliveries: readonly Delivery[],
): Promise<() => void> {
  try {
    const { application } = await admit(services, request, context);
    const bytes = deliveries.reduce(
      (sum, { message }) => sum + message.system.length + message.rest.length,
      0,
    );
    return services.deliveryWindow.add(application, bytes);
  } catch (error) {
    call.cancel();
    throw error;
  }
}

function startReceive(
  services: BrokerServices,
  request: Request,
  context: CallContext,
  client: string,
  filter: TagFilter,
): ReceiveCall {
  const group = groupName(request.group);
  const topic = topicName(request.messageQueue?.topic);
  services.clients.hear(client);
  const messagesMax = Math.min(Math.max(1, request.batchSize), limits.receiveBatchMessages);
  return services.core.receive({
    ...{ group, topic, filter, messagesMax },
    invisibleMs: readInvisibleMs(request),
    waitMs: readWaitMs(request, context.deadlineMs - services.clock.now()),
    ...(request.autoRenew ? { renewFor: client } : {}),
  });
}

function readFilter(request: Request): TagFilter {
  const { filterExpression } = request;
  if (filterExpression?.type === FilterType.SQL) {
    throw new NomosError('NOT_SUPPORTED', 'This broker does not filter by SQL yet.', {
      fix: 'Filter by tag.',
    });
  }
  try {
    return parseTagFilter(filterExpression?.expression ?? '*');
  } catch (error) {
    throw requestRefused(
      'filter',
      error instanceof Error ? error.message : String(error),
      'tags joined by ||',
    );
  }
}

function readInvisibleMs(request: Request): number {
  if (request.autoRenew) return brokerLimits.autoRenewMs;
  const invisibleMs = milliseconds(request.invisibleDuration) ?? 0;
  const { invisibleDurationMsMin, invisibleDurationMsMax } = limits;
  if (invisibleMs >= invisibleDurationMsMin && invisibleMs <= invisibleDurationMsMax) return invisibleMs;
  const expected = `${invisibleDurationMsMin} to ${invisibleDurationMsMax} ms`;
  throw requestRefused(
    'invisible-duration',
    `An invisible duration of ${invisibleMs} ms is not allowed.`,
    expected,
  );
}

/** How long to wait: what the client asks for, within RocketMQ's bounds and the call's deadline. */
function readWaitMs(request: Request, remainingMs: number): number {
  const { longPollingMsMin, longPollingMsMax } = limits;
  const asked = milliseconds(request.longPollingTimeout) ?? longPollingMsMax;
  const waitMs = Math.min(Math.max(asked, longPollingMsMin), longPollingMsMax);
  if (waitMs <= remainingMs - ANSWER_MARGIN_MS) return waitMs;
  if (remainingMs >= longPollingMsMin) return remainingMs - ANSWER_MARGIN_MS;
  const expected = `a deadline of at least ${longPollingMsMin} ms`;
  throw requestRefused(
    'polling-time',
    `The deadline leaves ${Math.round(remainingMs)} ms for polling.`,
    expected,
  );
}

function encodeStatus(status: { code: apache.rocketmq.v2.Code; message: string }): Buffer {
  return Buffer.from(ReceiveMessageResponse.encode({ status }).finish());
}
