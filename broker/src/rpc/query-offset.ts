import { apache } from '@nomos/schemas';
import type { OffsetWanted } from '../core/offsets/offsets.js';
import type { BrokerServices } from './broker-services.js';
import { type CallContext, clientIdOf } from './call-context.js';
import { milliseconds } from './duration.js';
import { topicName } from './resource-name.js';
import { OK, requestRefused } from './status.js';

const { QueryOffsetPolicy } = apache.rocketmq.v2;

/** Tells the first or last offset of a queue, or the one at a time. */
export async function queryOffset(
  services: BrokerServices,
  request: apache.rocketmq.v2.QueryOffsetRequest,
  context: CallContext,
): Promise<apache.rocketmq.v2.IQueryOffsetResponse> {
  clientIdOf(context);
  const topic = topicName(request.messageQueue?.topic);
  await services.edge.admit(context.metadata, (caller) => caller.assertMayRoute(topic));
  const offset = await services.core.offsets.query(topic, request.messageQueue?.id ?? 0, readWanted(request));
  return { status: OK, offset };
}

function readWanted({ queryOffsetPolicy, timestamp }: apache.rocketmq.v2.QueryOffsetRequest): OffsetWanted {
  if (queryOffsetPolicy === QueryOffsetPolicy.BEGINNING) return 'earliest';
  if (queryOffsetPolicy === QueryOffsetPolicy.END) return 'latest';
  const timeMs = milliseconds(timestamp);
  if (timeMs !== undefined && Number.isFinite(timeMs) && timeMs >= 0) return { timeMs };
  throw requestRefused(
    'offset',
    'There is no time to look for.',
    'a timestamp, or the policy BEGINNING or END',
  );
}
