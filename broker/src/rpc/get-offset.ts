import type { apache } from '@nomos/schemas';
import { admitConsumer } from './admit-consumer.js';
import type { BrokerServices } from './broker-services.js';
import type { CallContext } from './call-context.js';
import { OK } from './status.js';

/** Tells the offset from which a group goes on in one queue. */
export async function getOffset(
  services: BrokerServices,
  request: apache.rocketmq.v2.GetOffsetRequest,
  context: CallContext,
): Promise<apache.rocketmq.v2.IGetOffsetResponse> {
  const { group, messageQueue } = request;
  const consumer = await admitConsumer(
    services,
    { group: group ?? null, topic: messageQueue?.topic ?? null },
    context,
  );
  return { status: OK, offset: await services.core.offsets.get(consumer, messageQueue?.id ?? 0) };
}
