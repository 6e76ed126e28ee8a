/** The status codes of gRPC that the broker uses (grpc.io/docs/guides/status-codes). */
export const grpcStatus = {
  OK: 0,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAUTHENTICATED: 16,
} as const;
export type GrpcStatusCode = (typeof grpcStatus)[keyof typeof grpcStatus];

/** How a call ended, beside its messages. */
export interface GrpcStatus {
  readonly code: GrpcStatusCode;
  readonly details: string;
}
