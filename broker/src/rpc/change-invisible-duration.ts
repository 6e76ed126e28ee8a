import { type apache, limits } from '@nomos/schemas';
import { admitConsumer } from './admit-consumer.js';
import type { BrokerServices } from './broker-services.js';
import type { CallContext } from './call-context.js';
import { milliseconds } from './duration.js';
import { OK, requestRefused } from './status.js';

/** Sets when a delivered message becomes visible again: to work longer, or to retry later. */
export async function changeInvisibleDuration(
  services: BrokerServices,
  request: apache.rocketmq.v2.ChangeInvisibleDurationRequest,
  context: CallContext,
): Promise<apache.rocketmq.v2.IChangeInvisibleDurationResponse> {
  const consumer = await admitConsumer(services, request, context);
  const invisibleMs = milliseconds(request.invisibleDuration) ?? 0;
  if (!(invisibleMs >= 0 && invisibleMs <= limits.invisibleDurationMsMax)) {
    const expected = `0 to ${limits.invisibleDurationMsMax} ms`;
    throw requestRefused(
      'invisible-duration',
      `An invisible duration of ${invisibleMs} ms is not allowed.`,
      expected,
    );
  }
  const change = { invisibleMs, suspend: request.suspend ?? false };
  const handle = await services.core.receiving.changeInvisibleDuration(
    consumer,
    request.receiptHandle,
    change,
  );
  return { status: OK, receiptHandle: handle };
}
