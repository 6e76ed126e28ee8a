import { Metadata } from '@grpc/grpc-js';
import { type apache, GRANT_METADATA_KEY, NomosError, type ServiceMethod } from '@nomos/schemas';
import { sdkVersion } from '../sdk-version.js';
import type { Channel, Channels } from './channel.js';
import { errorOfStatus, isStaleGrant } from './status.js';

/** How long an ordinary call may take. */
export const CALL_TIMEOUT_MS = 5_000;

/** Where the grant comes from; the session is one. */
export interface GrantSource {
  readonly grant: string;
  renew(): Promise<void>;
}

interface Answer {
  readonly status?: apache.rocketmq.v2.IStatus | null;
}

/** What one call needs beside its request. */
export interface Call<Response extends Answer> {
  readonly target: string;
  readonly method: ServiceMethod;
  readonly decoder: { decode(bytes: Uint8Array): Response };
  readonly timeoutMs?: number;
}

/**
 * One client in RocketMQ's sense, which is a producer or a consumer: it has an id of its own, and carries the
 * grant in the metadata of every call.
 */
export class BrokerClient {
  readonly clientId: string;
  readonly #channels: Channels;
  readonly #grants: GrantSource;
  #metadata = new Metadata();
  #metadataGrant: string | undefined;

  constructor(clientId: string, channels: Channels, grants: GrantSource) {
    this.clientId = clientId;
    this.#channels = channels;
    this.#grants = grants;
  }

  channel(target: string): Channel {
    return this.#channels.to(target);
  }

  /** The metadata of a call, with the grant as it is now. */
  metadata(): Metadata {
    const { grant } = this.#grants;
    if (grant === this.#metadataGrant) return this.#metadata;
    const metadata = new Metadata();
    metadata.set('x-mq-client-id', this.clientId);
    metadata.set('x-mq-language', 'NODE_JS');
    metadata.set('x-mq-protocol', 'GRPC_V2');
    metadata.set('x-mq-client-version', sdkVersion);
    metadata.set(GRANT_METADATA_KEY, grant);
    this.#metadata = metadata;
    this.#metadataGrant = grant;
    return metadata;
  }

  /** Calls the broker. Throws what the answer's status tells, UNAVAILABLE or TIMEOUT. */
  async call<Response extends Answer>(call: Call<Response>, request: Uint8Array): Promise<Response> {
    const { answer, error } = await this.#attempt(call, request);
    if (error === undefined) return answer;
    if (!isStaleGrant(error) || !(await this.renewGrant())) throw error;
    const again = await this.#attempt(call, request);
    if (again.error !== undefined) throw again.error;
    return again.answer;
  }

  /** Asks for a new grant after the broker has refused the present one; tells whether there is one. */
  async renewGrant(): Promise<boolean> {
    const { grant } = this.#grants;
    // Another call may have brought a new grant while this one was under way.
    if (grant !== this.#metadataGrant) return true;
    try {
      await this.#grants.renew();
    } catch {
      return false;
    }
    return this.#grants.grant !== grant;
  }

  async #attempt<Response extends Answer>(call: Call<Response>, request: Uint8Array) {
    const { target, method, decoder, timeoutMs = CALL_TIMEOUT_MS } = call;
    const bytes = Buffer.from(request.buffer, request.byteOffset, request.byteLength);
    const response = await this.channel(target).unary(method, bytes, this.metadata(), timeoutMs);
    const answer = decodeAnswer(decoder, response, target);
    return { answer, error: errorOfStatus(answer.status) };
  }
}

function decodeAnswer<Response>(
  decoder: { decode(bytes: Uint8Array): Response },
  bytes: Buffer,
  target: string,
): Response {
  try {
    return decoder.decode(bytes);
  } catch (cause) {
    const text = `The answer of ${target} cannot be decoded.`;
    const fix = "Check that the environment's endpoint is that of a RocketMQ 5 broker or proxy.";
    throw new NomosError('INTERNAL', text, { cause, fix });
  }
}
