import { brokerLimits } from '../core/broker-limits.js';
import type { CallMetadata } from '../edge/edge.js';
import { requestRefused } from './status.js';

/** What an RPC knows of its call beside the request. */
export interface CallContext {
  readonly metadata: CallMetadata;
  /** The client's address, for the born host of messages that have none. */
  readonly peer: string;
  /** When the client gives up, in milliseconds since 1970; infinite without a deadline. */
  readonly deadlineMs: number;
}

/** The id by which a client names itself. Throws CLIENT_ID_REQUIRED (as REQUEST_INVALID). */
export function clientIdOf(context: CallContext): string {
  const clientId = context.metadata('x-mq-client-id');
  if (clientId !== undefined && clientId !== '' && clientId.length <= brokerLimits.clientIdCharacters)
    return clientId;
  throw requestRefused('client-id', 'The metadata x-mq-client-id is missing or too long.', 'a client id');
}
