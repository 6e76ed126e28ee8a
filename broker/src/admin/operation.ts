import type { AdminBackend } from './admin-backend.js';
import type { RequestFields } from './request-fields.js';

/** Where this broker says that it is, in answers to clients. */
export interface AdminAddress {
  readonly host: string;
  readonly port: number;
}

export interface AdminRequest {
  readonly fields: RequestFields;
  readonly body: Buffer;
  readonly nowMs: number;
  /** How this client reaches the broker. */
  readonly address: AdminAddress;
}

/** What an operation answers; the code is that of success unless another is given. */
export interface AdminAnswer {
  readonly code?: number;
  readonly remark?: string;
  readonly fields?: Readonly<Record<string, string>>;
  readonly body?: Buffer | string;
}

/** One request code of the remoting protocol. */
export interface Operation {
  readonly code: number;
  /** RocketMQ's name in `RequestCode`. */
  readonly name: string;
  /** Whether it changes anything, and so belongs into the log. */
  readonly changes: boolean;
  handle(request: AdminRequest, backend: AdminBackend): AdminAnswer | Promise<AdminAnswer>;
}
