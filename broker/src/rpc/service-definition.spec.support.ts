import type { MethodDefinition } from '@grpc/grpc-js';
import { type methods, methods as serviceMethods } from '@nomos/schemas';

type RawMethod = MethodDefinition<Buffer, Buffer>;

const pass = (bytes: Buffer): Buffer => bytes;

/** The v2 service with bytes in and out: each RPC decides what it decodes. */
export const serviceDefinition = Object.fromEntries(
  Object.entries(serviceMethods).map(([name, method]): [string, RawMethod] => [
    name,
    {
      ...method,
      requestSerialize: pass,
      requestDeserialize: pass,
      responseSerialize: pass,
      responseDeserialize: pass,
    },
  ]),
) as Record<keyof typeof methods, RawMethod>;
