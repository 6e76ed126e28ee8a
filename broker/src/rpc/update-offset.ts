import type { apache } from '@nomos/schemas';
import { admitConsumer } from './admit-consumer.js';
import type { BrokerServices } from './broker-services.js';
import type { CallContext } from './call-context.js';
import { OK } from './status.js';

/** Sets the offset from which a group goes on in one queue; durable when the answer goes out. */
export async function updateOffset(
  services: BrokerServices,
  request: apache.rocketmq.v2.UpdateOffsetRequest,
  context: CallContext,
): Promise<apache.rocketmq.v2.IUpdateOffsetResponse> {
  const { group, messageQueue, offset } = request;
  const consumer = await admitConsumer(
    services,
    { group: group ?? null, topic: messageQueue?.topic ?? null },
    context,
  );
  await services.core.offsets.update(consumer, messageQueue?.id ?? 0, offset);
  return { status: OK };
}
