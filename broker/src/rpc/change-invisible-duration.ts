import { type apache, limits } from '@nomos/schemas';
import type { BrokerServices } from './broker-services.js';
import { type CallContext, clientIdOf } from './call-context.js';
import { milliseconds } from './duration.js';
import { groupName, topicName } from './resource-name.js';
import { OK, requestRefused } from './status.js';

/** Sets when a delivered message becomes visible again: to work longer, or to retry later. */
export async function changeInvisibleDuration(
  services: BrokerServices,
  request: apache.rocketmq.v2.ChangeInvisibleDurationRequest,
  context: CallContext,
): Promise<apache.rocketmq.v2.IChangeInvisibleDurationResponse> {
  clientIdOf(context);
  const group = groupName(request.group);
  const topic = topicName(request.topic);
  await services.edge.admit(context.metadata, (caller) => caller.assertMayConsume(group, topic));
  const invisibleMs = milliseconds(request.invisibleDuration) ?? 0;
  if (!(invisibleMs >= 0 && invisibleMs <= limits.invisibleDurationMsMax)) {
    const expected = `0 to ${limits.invisibleDurationMsMax} ms`;
    throw requestRefused(
      'invisible-duration',
      `An invisible duration of ${invisibleMs} ms is not allowed.`,
      expected,
    );
  }
  const handle = await services.core.changeInvisibleDuration(group, topic, request.receiptHandle, {
    invisibleMs,
    suspend: request.suspend ?? false,
  });
  return { status: OK, receiptHandle: handle };
}
