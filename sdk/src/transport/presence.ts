import { hostname } from 'node:os';
import { apache, type Logger, methods, NomosError } from '@nomos/schemas';
import { sdkVersion } from '../sdk-version.js';
import type { BrokerClient } from './broker-client.js';
import { protoDuration } from './duration.js';
import { TelemetryStream } from './telemetry-stream.js';

const { ClientType, HeartbeatRequest, HeartbeatResponse, Language } = apache.rocketmq.v2;
const { NotifyClientTerminationRequest, NotifyClientTerminationResponse } = apache.rocketmq.v2;

const HEARTBEAT_INTERVAL_MS = 10_000;
const REQUEST_TIMEOUT_MS = 5_000;
/** Saying goodbye is a courtesy and must not hold up a shutdown. */
const GOODBYE_TIMEOUT_MS = 1_000;

export type Settings = apache.rocketmq.v2.ISettings;

/** What a client is; the broker keeps it with the client's id. */
export type Role =
  | { readonly publishing: apache.rocketmq.v2.IPublishing }
  | { readonly subscription: apache.rocketmq.v2.ISubscription };

/** Makes a client known to each broker that it uses: settings by telemetry, heartbeats, a goodbye at the end. */
export class Presence {
  readonly #client: BrokerClient;
  readonly #settings: () => Settings;
  readonly #group: apache.rocketmq.v2.IResource | undefined;
  readonly #clientType: apache.rocketmq.v2.ClientType;
  readonly #log: Logger;
  readonly #streams = new Map<string, TelemetryStream>();
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  /** `role` is asked each time that settings are sent. */
  constructor(client: BrokerClient, role: () => Role, group: string | undefined, log: Logger) {
    this.#client = client;
    this.#log = log;
    this.#group = group === undefined ? undefined : { name: group };
    this.#clientType = group === undefined ? ClientType.PRODUCER : ClientType.PUSH_CONSUMER;
    this.#settings = () => ({
      clientType: this.#clientType,
      requestTimeout: protoDuration(REQUEST_TIMEOUT_MS),
      userAgent: {
        language: Language.NODE_JS,
        version: sdkVersion,
        platform: `@nomos/sdk on Node.js ${process.versions.node}`,
        hostname: hostname(),
      },
      ...role(),
    });
  }

  /**
   * Keeps the client known at this broker from now on. The answer is the settings that the broker decides; it
   * may be ignored. Rejects with the broker's refusal.
   */
  keepAt(target: string): Promise<Settings> {
    let stream = this.#streams.get(target);
    if (stream === undefined) {
      stream = new TelemetryStream(this.#client, target, this.#settings, this.#log);
      this.#streams.set(target, stream);
      this.#timer ??= setInterval(() => this.#heartbeat(), HEARTBEAT_INTERVAL_MS).unref();
    }
    return stream.settings();
  }

  /** Says goodbye everywhere and ends the streams. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    clearInterval(this.#timer);
    const request = NotifyClientTerminationRequest.encode(this.#group ? { group: this.#group } : {}).finish();
    const method = methods.notifyClientTermination;
    await Promise.all(
      [...this.#streams].map(async ([target, stream]) => {
        // A broker that never confirmed the settings does not know this client.
        if (stream.isConfirmed) {
          const decoder = NotifyClientTerminationResponse;
          const call = { target, method, decoder, timeoutMs: GOODBYE_TIMEOUT_MS };
          await this.#client.call(call, request).catch((error: unknown) => this.#noteFailure(error, target));
        }
        stream.close();
      }),
    );
  }

  #heartbeat(): void {
    const group = this.#group ? { group: this.#group } : {};
    const request = HeartbeatRequest.encode({ clientType: this.#clientType, ...group }).finish();
    for (const [target, stream] of this.#streams) {
      if (!stream.isConfirmed) continue;
      const call = { target, method: methods.heartbeat, decoder: HeartbeatResponse };
      this.#client.call(call, request).catch((error: unknown) => this.#noteFailure(error, target));
    }
  }

  #noteFailure(error: unknown, target: string): void {
    const { code, message } = NomosError.from(error);
    this.#log.debug({ code, error: message, target }, 'the broker did not take a sign of life');
  }
}
