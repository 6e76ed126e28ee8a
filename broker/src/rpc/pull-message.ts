import { apache, limits, NomosError } from '@nomos/schemas';
import { clientKey } from '../core/client-key.js';
import type { PulledMessage } from '../core/offsets/pulling.js';
import type { ReceiveStream } from './bounded-receive.js';
import type { BrokerServices } from './broker-services.js';
import { type CallContext, clientIdOf } from './call-context.js';
import { decodeRequest } from './decode-request.js';
import { answerBytes } from './delivery-window.js';
import { encodePulledMessage } from './encode-delivery.js';
import { readFilter, readFilterExpression } from './filter-expression.js';
import { readWaitMs } from './polling-time.js';
import { groupName, topicName } from './resource-name.js';
import { OK, type Status, statusOf } from './status.js';

const { Code, PullMessageRequest, PullMessageResponse } = apache.rocketmq.v2;

/**
 * Reads a queue from an offset of the client's choice. The answer is a status, the messages, and the offset to
 * go on from, which is also told when there is no message.
 */
export async function pullMessage(
  services: BrokerServices,
  bytes: Buffer,
  context: CallContext,
  stream: ReceiveStream,
): Promise<void> {
  try {
    const request = decodeRequest(PullMessageRequest, bytes);
    const filter = readFilter(request.filterExpression);
    const consumer = await admit(services, request, context);
    const { application } = consumer;
    const room = services.deliveryWindow.room(application, () => {});
    stream.onEnded(() => room.release());
    const queue = request.messageQueue?.id ?? 0;
    const messagesMax = Math.min(Math.max(1, request.batchSize), limits.receiveBatchMessages);
    const call = services.core.pulling.pull({
      ...{ application, group: consumer.group, topic: consumer.topic },
      ...{ queue, filter, offset: request.offset },
      get messagesMax() {
        return room.hold() ? messagesMax : 0;
      },
      waitMs: readWaitMs(request.longPollingTimeout, context.deadlineMs - services.clock.now()),
    });
    stream.onCancelled(call.cancel);
    if (stream.isCancelled()) call.cancel();
    const { messages, nextOffset } = await call.pulled;
    room.assertNotRefused(application);
    room.use(answerBytes(messages.map(({ message }) => message.system.length + message.rest.length)));
    const { clientId: instance, ...use } = consumer;
    if (messages.length === 0) services.usage.note({ kind: 'waited', ...use, instance }, 1);
    else services.usage.note({ kind: 'consumed', ...use, instance }, messages.length);
    await answer(consumer.topic, queue, messages, nextOffset, stream);
  } catch (error) {
    if (!(error instanceof NomosError)) services.log.error({ err: error }, 'PullMessage failed');
    await stream.write(encodeStatus(statusOf(error)));
  }
}

async function admit(
  services: BrokerServices,
  request: apache.rocketmq.v2.PullMessageRequest,
  context: CallContext,
) {
  const clientId = clientIdOf(context);
  const group = groupName(request.group);
  const topic = topicName(request.messageQueue?.topic);
  const application = await services.edge.admit(context.metadata, (caller) => {
    caller.assertMayConsumeWith(group, topic, readFilterExpression(request.filterExpression));
    return caller.application;
  });
  services.clients.hear(clientKey(application, clientId));
  return { application, group, topic, clientId };
}

async function answer(
  topic: string,
  queue: number,
  messages: readonly PulledMessage[],
  nextOffset: number,
  stream: ReceiveStream,
): Promise<void> {
  const nothing = { code: Code.MESSAGE_NOT_FOUND, message: 'There is no message.' };
  await stream.write(encodeStatus(messages.length === 0 ? nothing : OK));
  for (const { offset, message } of messages) {
    if (stream.isCancelled()) return;
    await stream.write(encodePulledMessage(topic, queue, offset, message));
  }
  await stream.write(Buffer.from(PullMessageResponse.encode({ nextOffset }).finish()));
}

function encodeStatus(status: Status): Buffer {
  return Buffer.from(PullMessageResponse.encode({ status }).finish());
}
