import type { Code } from '@nomos/schemas';

/** RocketMQ's codes for answers (ResponseCode), as far as the admin plane gives them. */
export const responseCode = {
  success: 0,
  systemError: 1,
  systemBusy: 2,
  requestCodeNotSupported: 3,
  serviceNotAvailable: 14,
  noPermission: 16,
  topicNotExist: 17,
  queryNotFound: 22,
  subscriptionGroupNotExist: 26,
  invalidParameter: 29,
  consumerNotOnline: 206,
} as const;

const codesOfErrors: Partial<Record<Code, number>> = {
  ACCESS_KEY_INVALID: responseCode.noPermission,
  FORBIDDEN: responseCode.noPermission,
  TOPIC_NOT_REGISTERED: responseCode.topicNotExist,
  GROUP_NOT_REGISTERED: responseCode.subscriptionGroupNotExist,
  NOT_FOUND: responseCode.queryNotFound,
  REQUEST_INVALID: responseCode.invalidParameter,
  NAME_ILLEGAL: responseCode.invalidParameter,
  NOT_SUPPORTED: responseCode.requestCodeNotSupported,
  TOO_MANY_REQUESTS: responseCode.systemBusy,
  UNAVAILABLE: responseCode.serviceNotAvailable,
  CLOSED: responseCode.serviceNotAvailable,
};

/** The code that a client of the admin plane gets for an error; RocketMQ's `SYSTEM_ERROR` where it has no better. */
export function responseCodeOf(code: Code): number {
  return codesOfErrors[code] ?? responseCode.systemError;
}
