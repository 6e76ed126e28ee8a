import { status as grpcStatus, type ServiceError } from '@grpc/grpc-js';
import { apache, type Code, errorOfStatusText, NomosError } from '@nomos/schemas';

const v2 = apache.rocketmq.v2.Code;

/** Our code for a status of RocketMQ's; what is missing here is judged by its class, see `codeOf`. */
const codeOfStatus: ReadonlyMap<number, Code> = new Map<number, Code>([
  [v2.INVALID_RECEIPT_HANDLE, 'RECEIPT_HANDLE_INVALID'],
  [v2.MESSAGE_PROPERTY_CONFLICT_WITH_TYPE, 'MESSAGE_TYPE_MISMATCH'],
  [v2.ILLEGAL_MESSAGE_TAG, 'MESSAGE_ILLEGAL'],
  [v2.ILLEGAL_MESSAGE_KEY, 'MESSAGE_ILLEGAL'],
  [v2.ILLEGAL_MESSAGE_GROUP, 'MESSAGE_ILLEGAL'],
  [v2.ILLEGAL_MESSAGE_PROPERTY_KEY, 'MESSAGE_ILLEGAL'],
  [v2.MESSAGE_CORRUPTED, 'MESSAGE_ILLEGAL'],
  [v2.UNAUTHORIZED, 'UNAUTHENTICATED'],
  [v2.FORBIDDEN, 'FORBIDDEN'],
  [v2.TOPIC_NOT_FOUND, 'TOPIC_NOT_REGISTERED'],
  [v2.CONSUMER_GROUP_NOT_FOUND, 'GROUP_NOT_REGISTERED'],
  [v2.REQUEST_TIMEOUT, 'TIMEOUT'],
  [v2.TOO_MANY_REQUESTS, 'TOO_MANY_REQUESTS'],
  [v2.INTERNAL_ERROR, 'INTERNAL'],
  [v2.INTERNAL_SERVER_ERROR, 'INTERNAL'],
  [v2.HA_NOT_AVAILABLE, 'UNAVAILABLE'],
  [v2.NOT_IMPLEMENTED, 'NOT_SUPPORTED'],
]);

/** For statuses in a class of their own: the first three digits, as RocketMQ numbers them. */
const codeOfClass: ReadonlyMap<number, Code> = new Map<number, Code>([
  [400, 'REQUEST_INVALID'],
  [404, 'NOT_FOUND'],
  [413, 'MESSAGE_ILLEGAL'],
  [431, 'MESSAGE_ILLEGAL'],
  [504, 'TIMEOUT'],
  [505, 'NOT_SUPPORTED'],
]);

/** gRPC's own failures are of the connection; RocketMQ tells its errors in the body of an answer. */
const codeOfGrpc: ReadonlyMap<grpcStatus, Code> = new Map<grpcStatus, Code>([
  [grpcStatus.UNAVAILABLE, 'UNAVAILABLE'],
  [grpcStatus.CANCELLED, 'UNAVAILABLE'],
  [grpcStatus.INTERNAL, 'UNAVAILABLE'],
  [grpcStatus.UNKNOWN, 'UNAVAILABLE'],
  [grpcStatus.DEADLINE_EXCEEDED, 'TIMEOUT'],
  [grpcStatus.UNAUTHENTICATED, 'UNAUTHENTICATED'],
  [grpcStatus.PERMISSION_DENIED, 'FORBIDDEN'],
  [grpcStatus.INVALID_ARGUMENT, 'REQUEST_INVALID'],
  [grpcStatus.UNIMPLEMENTED, 'NOT_SUPPORTED'],
]);

/** The error that a status tells; undefined for success, and for a batch whose entries tell the results. */
export function errorOfStatus(status: apache.rocketmq.v2.IStatus | null | undefined): NomosError | undefined {
  const code: number = status?.code ?? v2.CODE_UNSPECIFIED;
  if (code === v2.OK || code === v2.MULTIPLE_RESULTS) return undefined;
  const text = status?.message ?? '';
  const own = errorOfStatusText(text);
  if (own !== undefined) return own;
  const ours = codeOfStatus.get(code) ?? codeOfClass.get(Math.floor(code / 100)) ?? 'INTERNAL';
  return new NomosError(ours, `The broker answered ${code}: ${text || 'no text'}.`);
}

/** The error for a call that failed before an answer came. */
export function errorOfCall(error: ServiceError, target: string): NomosError {
  const own = errorOfStatusText(error.details ?? '');
  if (own !== undefined) return own;
  const code = codeOfGrpc.get(error.code) ?? 'INTERNAL';
  const text = `The broker at ${target} did not answer: ${error.details || error.message}.`;
  return new NomosError(code, text, { cause: error });
}

/** Whether the same call may succeed when it is made again. */
export function isRetriable({ code }: NomosError): boolean {
  return code === 'UNAVAILABLE' || code === 'TOO_MANY_REQUESTS' || code === 'TIMEOUT';
}

/** Whether a new grant may turn the refusal into an admission. */
export function isStaleGrant({ code }: NomosError): boolean {
  return code === 'GRANT_INVALID' || code === 'SESSION_ENDED';
}
