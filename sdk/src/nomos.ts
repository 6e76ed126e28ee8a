import { hostname } from 'node:os';
import { type Admission, type Logger, limits, NomosError, silentLogger } from '@nomos/schemas';
import { checkConsumerOptions } from './consumer/check-options.js';
import type { CloseReport, Consumer, ConsumerOptions, UnfinishedMessage } from './consumer/consumer.js';
import { NomosConsumer } from './consumer/nomos-consumer.js';
import { subscriptionsOf } from './consumer/subscription.js';
import { CurrentRules } from './guards/rules.js';
import { requireFields, requireText, requireWhole } from './options.js';
import { MessageIds } from './producer/message-ids.js';
import { NomosProducer, type Producer, type ProducerOptions } from './producer/producer.js';
import { sdkName } from './sdk-version.js';
import { defaultStateFolder, KeptAdmissions } from './session/kept-admissions.js';
import type { ConsumerIntent, Intent, ProducerIntent } from './session/manifest.js';
import { RegistryClient } from './session/registry-client.js';
import { Session } from './session/session.js';
import { BrokerClient } from './transport/broker-client.js';
import { Channels } from './transport/channel.js';

const SEND_TIMEOUT_MS = 10_000;
const INVISIBLE_DURATION_MS = 30_000;
const CONCURRENCY = 16;
const CONCURRENCY_MAX = 10_000;
const CONNECT_FIELDS = new Set([
  ...['registry', 'application', 'environment', 'credentials', 'instance', 'stateFolder', 'log'],
]);
const PRODUCER_FIELDS = new Set(['group', 'topics', 'timeoutMs']);

export interface ConnectOptions {
  /** The registry's address, for instance `http://127.0.0.1:7700`. */
  readonly registry: string;
  /** The code of the application, as registered. */
  readonly application: string;
  readonly environment: string;
  /** The text of the application's credentials: `nomos_app_…`. */
  readonly credentials: string;
  /** Tells instances of the application apart; host, process id and a random part by default. */
  readonly instance?: string;
  /**
   * Where the last grants are kept, with which the application starts while the registry is away:
   * `$NOMOS_STATE`, `$XDG_STATE_HOME/nomos` or `~/.local/state/nomos` by default. Only this user may read them.
   */
  readonly stateFolder?: string;
  /** Silent by default; a logger of pino fits. */
  readonly log?: Logger;
}

/** How a connection stands. */
export interface Health {
  /** `degraded` while the registry or a broker cannot be reached; what is granted goes on where it can. */
  readonly status: 'up' | 'degraded' | 'closed';
  readonly session: {
    readonly id: string;
    readonly grantExpiresAt: Date;
    readonly lastError?: { readonly code: string; readonly message: string };
  };
  readonly brokers: readonly { readonly target: string; readonly connected: boolean }[];
}

/** An application's connection: its session at the registry, its producers and its consumers. */
export class Nomos {
  readonly #session: Session;
  readonly #log: Logger;
  readonly #channels = new Channels();
  readonly #rules: CurrentRules;
  readonly #ids = new MessageIds();
  readonly #producers = new Set<Producer>();
  readonly #consumers = new Set<Consumer>();
  #clients = 0;
  #closing: Promise<CloseReport> | undefined;

  private constructor(session: Session, log: Logger) {
    this.#session = session;
    this.#log = log;
    this.#rules = new CurrentRules(() => session.admitted);
  }

  /**
   * Opens a session at the registry; while that is away, starts with the last grant. Throws CONFIGURATION_INVALID, UNAUTHENTICATED, MANIFEST_REFUSED, UNAVAILABLE
   * or TIMEOUT.
   */
  static async connect(options: ConnectOptions): Promise<Nomos> {
    requireFields('options of connect', options, CONNECT_FIELDS);
    const { registry, application, environment, credentials, log = silentLogger } = options;
    requireText({ registry, application, environment, credentials });
    if (!URL.canParse(registry) || !/^https?:$/.test(new URL(registry).protocol)) {
      throw new NomosError(
        'CONFIGURATION_INVALID',
        `The registry "${registry}" is not an http or https address.`,
      );
    }
    const unique = Math.random().toString(36).slice(2, 10);
    const instance = options.instance ?? `${hostname().slice(0, 80)}-${process.pid}-${unique}`;
    const identity = { application, environment, instance, sdk: sdkName };
    const folder = options.stateFolder ?? defaultStateFolder();
    requireText({ stateFolder: folder });
    const session = await Session.open({
      ...{ registry: new RegistryClient(registry, credentials), identity, log },
      kept: new KeptAdmissions({ folder, registry, application, environment, log }),
    });
    return new Nomos(session, log);
  }

  /** Makes a producer. Throws MANIFEST_REFUSED with all violations when the registry does not admit it. */
  async producer(options: ProducerOptions): Promise<Producer> {
    this.#assertOpen();
    requireFields('options of a producer', options, PRODUCER_FIELDS);
    const { group, topics = [], timeoutMs = SEND_TIMEOUT_MS } = options;
    requireText({ group });
    requireWhole('timeoutMs', timeoutMs, 1, 3_600_000);
    const intent: ProducerIntent = { kind: 'producer', group, topics };
    await this.#admit(intent);
    const producer = new NomosProducer({
      ...{ client: this.#newClient(), session: this.#session, rules: this.#rules, ids: this.#ids },
      ...{ intent, timeoutMs, log: this.#log },
      onClosed: () => {
        this.#producers.delete(producer);
        this.#withdraw(intent);
      },
    });
    this.#producers.add(producer);
    return producer;
  }

  /**
   * Starts a consumer, which then receives until it is closed. Throws MANIFEST_REFUSED with all violations when the
   * registry does not admit it, CONFIGURATION_INVALID, or what the broker answers.
   */
  async consumer<Transaction = undefined>(options: ConsumerOptions<Transaction>): Promise<Consumer> {
    this.#assertOpen();
    checkConsumerOptions(options);
    const { group, subscribe, concurrency = CONCURRENCY } = options;
    const { invisibleDurationMs = INVISIBLE_DURATION_MS } = options;
    requireText({ group });
    requireWhole('concurrency', concurrency, 1, CONCURRENCY_MAX);
    const { invisibleDurationMsMin, invisibleDurationMsMax } = limits;
    requireWhole('invisibleDurationMs', invisibleDurationMs, invisibleDurationMsMin, invisibleDurationMsMax);
    const intent: ConsumerIntent = { kind: 'consumer', group, subscriptions: subscriptionsOf(subscribe) };
    await this.#admit(intent);
    const consumer = await NomosConsumer.start({
      ...{ client: this.#newClient(), session: this.#session, intent, options },
      ...{ concurrency, invisibleDurationMs, log: this.#log },
      onClosed: (closed) => {
        this.#consumers.delete(closed);
        this.#withdraw(intent);
      },
    });
    this.#consumers.add(consumer);
    return consumer;
  }

  health(): Health {
    const { lastError } = this.#session;
    const { session: id, grantExpiresAt } = this.#session.admitted.admission satisfies Admission;
    const brokers = this.#channels.state();
    const isWell = lastError === undefined && brokers.every(({ connected }) => connected);
    return {
      status: this.#closing !== undefined ? 'closed' : isWell ? 'up' : 'degraded',
      session: {
        id,
        grantExpiresAt: new Date(grantExpiresAt),
        ...(lastError === undefined
          ? {}
          : { lastError: { code: lastError.code, message: lastError.message } }),
      },
      brokers,
    };
  }

  /**
   * Closes the consumers, then the producers, which handlers may use, then the session. The report tells which
   * messages were still worked on after `timeoutMs` (10 seconds by default).
   */
  close(options: { readonly timeoutMs?: number } = {}): Promise<CloseReport> {
    this.#closing ??= this.#close(options);
    return this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #close(options: { readonly timeoutMs?: number }): Promise<CloseReport> {
    const reports = await Promise.all([...this.#consumers].map((consumer) => consumer.close(options)));
    await Promise.all([...this.#producers].map((producer) => producer.close(options)));
    await this.#session.close();
    this.#channels.close();
    const unfinished: UnfinishedMessage[] = reports.flatMap((report) => report.unfinished);
    return { unfinished };
  }

  async #admit(intent: Intent): Promise<void> {
    await this.#session.admit(intent);
    // Compiled here, so that a norm that cannot be used is told now and the first send is as fast as any.
    this.#rules.now;
  }

  /** A connection that closes ends its session as a whole. */
  #withdraw(intent: Intent): void {
    if (this.#closing !== undefined) return;
    this.#session.withdraw(intent).catch((error: unknown) => {
      this.#log.warn(
        { code: NomosError.from(error).code, group: intent.group },
        'the manifest was not shortened',
      );
    });
  }

  #newClient(): BrokerClient {
    const clientId = `${this.#session.identity.instance}@${++this.#clients}`;
    return new BrokerClient(clientId, this.#channels, this.#session);
  }

  #assertOpen(): void {
    if (this.#closing !== undefined) throw new NomosError('CLOSED', 'The connection is closed.');
  }
}
