import { apache, limits, type MessageFilter, NomosError } from '@nomos/schemas';
import { brokerLimits } from '../core/broker-limits.js';
import { clientIdIn, clientKey } from '../core/client-key.js';
import type { ReceiveCall, ReceiveRequest } from '../core/receiving/receiving.js';
import type { Delivery } from '../core/receiving/subscription.js';
import { BoundedReceive, type ReceiveStream } from './bounded-receive.js';
import type { BrokerServices } from './broker-services.js';
import { type CallContext, clientIdOf } from './call-context.js';
import { decodeRequest } from './decode-request.js';
import { milliseconds, protoDuration } from './duration.js';
import { encodeDelivery } from './encode-delivery.js';
import { readFilter, readFilterExpression } from './filter-expression.js';
import { readWaitMs } from './polling-time.js';
import { groupName, topicName } from './resource-name.js';
import { OK, requestRefused, statusOf } from './status.js';

const { Code, ReceiveMessageRequest, ReceiveMessageResponse } = apache.rocketmq.v2;
type Request = apache.rocketmq.v2.ReceiveMessageRequest;

/** Clients make a UUID of it; what is longer is cut. */
const ATTEMPT_ID_CHARACTERS = 64;

/** Receives messages, waiting for them (long polling). The answer is a status, the messages, and the time. */
export async function receiveMessage(
  services: BrokerServices,
  bytes: Buffer,
  context: CallContext,
  stream: ReceiveStream,
): Promise<void> {
  try {
    const request = decodeRequest(ReceiveMessageRequest, bytes);
    const filter = readFilter(request.filterExpression);
    const { application, client } = await admit(services, request, context);
    const askedAtMs = services.clock.now();
    const catalog = services.edge.catalog.now;
    const demand = readDemand(services, request, context, client, filter);
    services.clients.hear(client);
    const receive = new BoundedReceive(services, application, demand, stream);
    stream.onEnded(() => receive.end());
    try {
      const { call, deliveries } = await receive.take();
      if (deliveries.length === 0) {
        const { group, topic } = demand;
        services.usage.note({ kind: 'waited', topic, group, application, instance: clientIdIn(client) }, 1);
        await stream.write(encodeStatus({ code: Code.MESSAGE_NOT_FOUND, message: 'There is no message.' }));
        return;
      }
      const waitedMs = services.clock.now() - askedAtMs;
      if (services.edge.catalog.now !== catalog || waitedMs >= brokerLimits.admitAgainMs)
        await admitAgain(services, request, context, call);
      // A client that has gone would keep the messages invisible for nothing.
      if (stream.isCancelled()) return call.cancel();
      await answer(services, deliveries, stream);
    } catch (error) {
      receive.end();
      throw error;
    }
  } catch (error) {
    if (!(error instanceof NomosError)) services.log.error({ err: error }, 'ReceiveMessage failed');
    await stream.write(encodeStatus(statusOf(error)));
  }
}

async function answer(
  services: BrokerServices,
  deliveries: readonly Delivery[],
  stream: ReceiveStream,
): Promise<void> {
  await stream.write(encodeStatus(OK));
  for (const delivery of deliveries) {
    if (stream.isCancelled()) return;
    await stream.write(encodeDelivery(delivery));
  }
  const deliveryTimestamp = protoDuration(services.clock.now());
  await stream.write(Buffer.from(ReceiveMessageResponse.encode({ deliveryTimestamp }).finish()));
}

/** Who asks, if it may receive what it asks for. */
async function admit(services: BrokerServices, request: Request, context: CallContext) {
  const clientId = clientIdOf(context);
  const group = groupName(request.group);
  const topic = topicName(request.messageQueue?.topic);
  const application = await services.edge.admit(context.metadata, (caller) => {
    caller.assertMayConsumeWith(group, topic, readFilterExpression(request.filterExpression));
    return caller.application;
  });
  return { application, client: clientKey(application, clientId) };
}

/** A client may have lost its right while it waited; what was found for it then goes to others. */
async function admitAgain(
  services: BrokerServices,
  request: Request,
  context: CallContext,
  call: ReceiveCall,
): Promise<void> {
  try {
    await admit(services, request, context);
  } catch (error) {
    call.cancel();
    throw error;
  }
}

function readDemand(
  services: BrokerServices,
  request: Request,
  context: CallContext,
  client: string,
  filter: MessageFilter,
): ReceiveRequest {
  const group = groupName(request.group);
  const topic = topicName(request.messageQueue?.topic);
  const messagesMax = Math.min(Math.max(1, request.batchSize), limits.receiveBatchMessages);
  return {
    ...{ group, topic, client, filter, messagesMax, autoRenew: request.autoRenew },
    invisibleMs: readInvisibleMs(request),
    waitMs: readWaitMs(request.longPollingTimeout, context.deadlineMs - services.clock.now()),
    ...(request.attemptId ? { attemptId: request.attemptId.slice(0, ATTEMPT_ID_CHARACTERS) } : {}),
  };
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

function encodeStatus(status: { code: apache.rocketmq.v2.Code; message: string }): Buffer {
  return Buffer.from(ReceiveMessageResponse.encode({ status }).finish());
}
