import { apache, type Code, type MessageRule, NomosError, statusText } from '@nomos/schemas';

const v2 = apache.rocketmq.v2.Code;
export type StatusCode = apache.rocketmq.v2.Code;

/** What a request may break beside the limits of a message; the broker's own rule ids. */
export type RequestRule =
  | 'client-id'
  | 'client-settings'
  | 'topic-name'
  | 'group-name'
  | 'message-id'
  | 'messages'
  | 'batch-size'
  | 'filter'
  | 'invisible-duration'
  | 'polling-time'
  | 'delivery-time'
  | 'transaction-id'
  | 'transaction-resolution'
  | 'queue'
  | 'offset'
  | 'deduplication-id'
  | 'provenance'
  | 'message-extra';

/** RocketMQ's status for each rule (GrpcValidator and the activities of Apache's proxy). */
const statusOfRule: Readonly<Record<RequestRule | MessageRule, StatusCode>> = {
  'client-id': v2.CLIENT_ID_REQUIRED,
  'client-settings': v2.UNRECOGNIZED_CLIENT_TYPE,
  'topic-name': v2.ILLEGAL_TOPIC,
  'group-name': v2.ILLEGAL_CONSUMER_GROUP,
  'message-id': v2.ILLEGAL_MESSAGE_ID,
  messages: v2.MESSAGE_CORRUPTED,
  'batch-size': v2.PAYLOAD_TOO_LARGE,
  filter: v2.ILLEGAL_FILTER_EXPRESSION,
  'invisible-duration': v2.ILLEGAL_INVISIBLE_TIME,
  'polling-time': v2.ILLEGAL_POLLING_TIME,
  'delivery-time': v2.ILLEGAL_DELIVERY_TIME,
  'transaction-id': v2.INVALID_TRANSACTION_ID,
  'transaction-resolution': v2.BAD_REQUEST,
  queue: v2.BAD_REQUEST,
  offset: v2.ILLEGAL_OFFSET,
  'deduplication-id': v2.ILLEGAL_MESSAGE_PROPERTY_KEY,
  provenance: v2.ILLEGAL_MESSAGE_PROPERTY_KEY,
  'message-extra': v2.MESSAGE_PROPERTIES_TOO_LARGE,
  'message-body-empty': v2.MESSAGE_BODY_EMPTY,
  'message-body-size': v2.MESSAGE_BODY_TOO_LARGE,
  'message-tag': v2.ILLEGAL_MESSAGE_TAG,
  'message-key': v2.ILLEGAL_MESSAGE_KEY,
  'message-group': v2.ILLEGAL_MESSAGE_GROUP,
  'message-property-key': v2.ILLEGAL_MESSAGE_PROPERTY_KEY,
  'message-properties-size': v2.MESSAGE_PROPERTIES_TOO_LARGE,
};

const statusOfCode: Readonly<Partial<Record<Code, StatusCode>>> = {
  GRANT_MISSING: v2.UNAUTHORIZED,
  GRANT_INVALID: v2.UNAUTHORIZED,
  SESSION_ENDED: v2.UNAUTHORIZED,
  ACCESS_KEY_INVALID: v2.UNAUTHORIZED,
  TOPIC_NOT_GRANTED: v2.FORBIDDEN,
  GROUP_NOT_GRANTED: v2.FORBIDDEN,
  TOPIC_NOT_REGISTERED: v2.TOPIC_NOT_FOUND,
  GROUP_NOT_REGISTERED: v2.CONSUMER_GROUP_NOT_FOUND,
  MESSAGE_TYPE_MISMATCH: v2.MESSAGE_PROPERTY_CONFLICT_WITH_TYPE,
  RECEIPT_HANDLE_INVALID: v2.INVALID_RECEIPT_HANDLE,
  RECALL_HANDLE_INVALID: v2.BAD_REQUEST,
  MESSAGE_NOT_FOUND: v2.MESSAGE_NOT_FOUND,
  TOO_MANY_REQUESTS: v2.TOO_MANY_REQUESTS,
  // RocketMQ has no status of its own for a full disk and answers with this one too.
  STORAGE_FULL: v2.INTERNAL_SERVER_ERROR,
  NOT_SUPPORTED: v2.NOT_IMPLEMENTED,
  REQUEST_INVALID: v2.BAD_REQUEST,
  MESSAGE_ILLEGAL: v2.BAD_REQUEST,
};

export interface Status {
  readonly code: StatusCode;
  readonly message: string;
}

export const OK: Status = { code: v2.OK, message: 'OK' };

/** The status that tells an error to a client; anything unexpected is an internal error without particulars. */
export function statusOf(thrown: unknown): Status {
  if (!(thrown instanceof NomosError)) {
    const error = new NomosError('INTERNAL', 'The broker failed; its log says why.');
    return { code: v2.INTERNAL_SERVER_ERROR, message: statusText(error) };
  }
  const rule = thrown.violations[0]?.rule;
  const code = isRule(rule) ? statusOfRule[rule] : statusOfCode[thrown.code];
  return { code: code ?? v2.INTERNAL_SERVER_ERROR, message: statusText(thrown) };
}

/** A request that breaks a rule of the protocol. */
export function requestRefused(rule: RequestRule, message: string, expected?: string): NomosError {
  const violation = { rule, message, ...(expected === undefined ? {} : { expected }) };
  return new NomosError('REQUEST_INVALID', 'The request breaks a rule of RocketMQ.', {
    violations: [violation],
    fix: expected === undefined ? 'Correct what the message names.' : `Give ${expected}.`,
  });
}

function isRule(rule: string | undefined): rule is RequestRule | MessageRule {
  return rule !== undefined && Object.hasOwn(statusOfRule, rule);
}
