import { check } from './check.js';

/** RocketMQ's status codes that rows expect (definition.proto, `Code`). */
export const status = {
  ILLEGAL_MESSAGE_TAG: 40004,
  ILLEGAL_MESSAGE_KEY: 40005,
  ILLEGAL_MESSAGE_GROUP: 40006,
  ILLEGAL_MESSAGE_PROPERTY_KEY: 40007,
  ILLEGAL_FILTER_EXPRESSION: 40010,
  ILLEGAL_INVISIBLE_TIME: 40011,
  ILLEGAL_DELIVERY_TIME: 40012,
  INVALID_RECEIPT_HANDLE: 40013,
  UNAUTHORIZED: 40100,
  FORBIDDEN: 40300,
  TOPIC_NOT_FOUND: 40402,
  CONSUMER_GROUP_NOT_FOUND: 40403,
  MESSAGE_BODY_EMPTY: 41302,
  MESSAGE_PROPERTIES_TOO_LARGE: 43101,
} as const;
export type StatusName = keyof typeof status;

/** Throws unless the action fails with the status. */
export async function expectRefusal(expected: StatusName, action: () => Promise<unknown>): Promise<void> {
  const error = await failureOf(action);
  const found = statusOf(error);
  check(
    found === status[expected],
    `expected the refusal ${expected} (${status[expected]}), got ${found ?? 'no status'}: ${String(error)}`,
  );
}

/** Throws unless the client itself refuses, with a message that matches. */
export async function expectClientRefusal(pattern: RegExp, action: () => Promise<unknown>): Promise<void> {
  const error = await failureOf(action);
  check(pattern.test(String(error)), `expected the client's refusal ${pattern}, got ${String(error)}`);
}

async function failureOf(action: () => Promise<unknown>): Promise<unknown> {
  try {
    await action();
  } catch (error) {
    return error;
  }
  throw new Error('expected a refusal, but it was accepted');
}

/** The client wraps the exception that carries the status, when it fails to start. */
function statusOf(error: unknown): number | undefined {
  if (!(error instanceof Error)) return undefined;
  const code: unknown = 'code' in error ? error.code : undefined;
  return typeof code === 'number' ? code : statusOf(error.cause);
}
