import { apache } from '@nomos/schemas';
import type { BrokerServices } from './broker-services.js';
import { type CallContext, clientIdOf } from './call-context.js';
import { topicName } from './resource-name.js';
import { OK, requestRefused } from './status.js';

const { TransactionResolution } = apache.rocketmq.v2;

/** Commits a half message, which is then delivered, or rolls it back. Any publisher of the topic may answer a check-back. */
export async function endTransaction(
  services: BrokerServices,
  request: apache.rocketmq.v2.EndTransactionRequest,
  context: CallContext,
): Promise<apache.rocketmq.v2.IEndTransactionResponse> {
  clientIdOf(context);
  const topic = topicName(request.topic);
  await services.edge.admit(context.metadata, (caller) => caller.assertMayPublish(topic));
  if (request.transactionId.trim() === '') {
    throw requestRefused('transaction-id', 'The transaction id is blank.', 'the id of the send receipt');
  }
  await services.core.transactions.end(topic, request.transactionId, readResolution(request));
  return { status: OK };
}

function readResolution({ resolution }: apache.rocketmq.v2.EndTransactionRequest): 'commit' | 'rollback' {
  if (resolution === TransactionResolution.COMMIT) return 'commit';
  if (resolution === TransactionResolution.ROLLBACK) return 'rollback';
  throw requestRefused(
    'transaction-resolution',
    'The resolution is neither commit nor rollback.',
    'COMMIT or ROLLBACK',
  );
}
