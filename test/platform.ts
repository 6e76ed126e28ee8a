import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Broker, startBroker } from '@nomos/broker';
import {
  type Postgres,
  type Registry,
  type SessionTimes,
  startPostgres,
  startRegistry,
} from '@nomos/registry';
import { type CreatedCredential, NomosError, problemSchema, type RetryPolicy } from '@nomos/schemas';
import { type ConnectOptions, Nomos } from '@nomos/sdk';

export const ENVIRONMENT = 'dev';
export const APPLICATION = 'paycore';
export const PRODUCER_GROUP = 'pg-paycore-transfer';
const DESCRIPTION = 'For trying out.';

/** How its registry is started, each time. */
interface PlatformSettings {
  readonly sessionTimes: Partial<SessionTimes>;
  readonly clock?: () => Date;
}

/** A real registry with its Postgres, and a real broker, in a temporary folder. */
export class Platform {
  readonly brokerPort: number;
  /** Where its clients keep their last grants. */
  readonly stateFolder: string;
  #registry: Registry;
  #database: Postgres;
  #edgeToken: string | undefined;
  #broker: Broker | undefined;
  readonly #folder: string;
  readonly #adminToken: string;
  #credentials = '';
  #names = 0;

  readonly #settings: PlatformSettings;

  private constructor(
    { registry, database }: { readonly registry: Registry; readonly database: Postgres },
    folder: string,
    brokerPort: number,
    settings: PlatformSettings,
  ) {
    this.#registry = registry;
    this.#database = database;
    this.#folder = folder;
    this.stateFolder = join(folder, 'state');
    this.brokerPort = brokerPort;
    this.#adminToken = registry.firstAdminToken ?? '';
    this.#settings = settings;
  }

  /** Starts both, and registers the application with its producer group. */
  static async start(
    sessionTimes: Partial<SessionTimes> = {},
    { clock }: { readonly clock?: () => Date } = {},
  ): Promise<Platform> {
    const settings: PlatformSettings = { sessionTimes, ...(clock && { clock }) };
    const folder = await mkdtemp(join(tmpdir(), 'nomos-sdk-'));
    // The embedded Postgres may run as another user, who has to pass through.
    await chmod(folder, 0o711);
    const dataFolder = join(folder, 'registry');
    const database = await startPostgres({ dataFolder });
    const databaseUrl = database.url('postgres');
    const registry = await startRegistry({ dataFolder, databaseUrl, port: 0, ...settings });
    if (registry.firstAdminToken === undefined) throw new Error('a fresh registry gives an admin token');
    const platform = new Platform({ registry, database }, folder, await freePort(), settings);
    await platform.#prepare();
    return platform;
  }

  get registry(): Registry {
    return this.#registry;
  }

  stopRegistry(): Promise<void> {
    return this.#registry.close();
  }

  /** Starts it again where it was. */
  async startRegistry(): Promise<void> {
    this.#registry = await startRegistry({
      ...{ dataFolder: join(this.#folder, 'registry'), databaseUrl: this.#database.url('postgres') },
      ...{ port: Number(new URL(this.#registry.url).port), ...this.#settings },
    });
  }

  stopDatabase(): Promise<void> {
    return this.#database.close();
  }

  /** Starts it again where it was. */
  async startDatabase(): Promise<void> {
    const { port } = this.#database;
    this.#database = await startPostgres({ dataFolder: join(this.#folder, 'registry'), port });
  }

  get credentials(): string {
    return this.#credentials;
  }

  /** Calls the registry as a platform admin. Throws its refusal. */
  async admin<Answer>(method: string, path: string, body?: object): Promise<Answer> {
    const response = await fetch(`${this.registry.url}${path}`, {
      method,
      headers: { authorization: `Bearer ${this.#adminToken}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const answer: unknown = await response.json();
    if (response.ok) return answer as Answer;
    const { code, detail } = problemSchema.parse(answer);
    throw new NomosError(code, detail);
  }

  connect(options: Partial<ConnectOptions> = {}): Promise<Nomos> {
    return Nomos.connect({
      ...{ registry: this.registry.url, application: APPLICATION, environment: ENVIRONMENT },
      ...{ credentials: this.#credentials, stateFolder: this.stateFolder, ...options },
    });
  }

  /** Registers a topic that no other test uses. */
  async topic(): Promise<string> {
    const name = `pay-paycore-transfer${++this.#names}-completed`;
    await this.admin('POST', '/v1/topics', {
      ...{ name, application: APPLICATION, description: DESCRIPTION, environments: [ENVIRONMENT] },
    });
    return name;
  }

  /** Registers a consumer group that no other test uses, with a subscription to each topic. */
  async consumerGroup(topics: readonly string[], expression = '*', retry?: RetryPolicy): Promise<string> {
    const name = `cg-paycore-ledger${++this.#names}`;
    await this.admin('POST', '/v1/consumer-groups', {
      ...{ name, application: APPLICATION, description: DESCRIPTION, environments: [ENVIRONMENT] },
      ...(retry === undefined ? {} : { retry }),
    });
    for (const topic of topics) {
      await this.admin('POST', '/v1/subscriptions', {
        ...{ group: name, topic, filter: { type: 'tag', expression } },
      });
    }
    return name;
  }

  async startBroker(): Promise<void> {
    // Kept, since a broker may also be started while the registry is away.
    this.#edgeToken ??= await this.registry.issueEdgeToken(ENVIRONMENT);
    const token = this.#edgeToken;
    this.#broker = await startBroker({
      dataFolder: join(this.#folder, 'broker'),
      port: this.brokerPort,
      edge: { registryUrl: this.registry.url, token, environment: ENVIRONMENT },
    });
  }

  /** With which the broker's admin plane is used. */
  get adminCredentials(): Broker['adminCredentials'] {
    if (this.#broker === undefined) throw new Error('the broker does not run');
    return this.#broker.adminCredentials;
  }

  async stopBroker(): Promise<void> {
    await this.#broker?.close();
    this.#broker = undefined;
  }

  async close(): Promise<void> {
    await this.stopBroker();
    await this.registry.close();
    await this.#database.close();
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #prepare(): Promise<void> {
    const { registry, brokerPort } = this;
    const endpoints = [`127.0.0.1:${brokerPort}`];
    await registry.ensureEnvironment({ code: ENVIRONMENT, description: DESCRIPTION, endpoints });
    await this.admin('POST', '/v1/domains', { code: 'pay', description: DESCRIPTION });
    const contacts = [{ kind: 'chat', value: '#payments' }];
    await this.admin('POST', '/v1/teams', { code: 'payments', description: DESCRIPTION, contacts });
    await this.application(APPLICATION);
    await this.admin('POST', '/v1/producer-groups', {
      ...{ name: PRODUCER_GROUP, application: APPLICATION },
      ...{ description: DESCRIPTION, environments: [ENVIRONMENT] },
    });
    this.#credentials = await this.credentialsOf(APPLICATION);
    await this.startBroker();
  }

  async application(code: string): Promise<void> {
    const body = { code, description: DESCRIPTION, team: 'payments', domain: 'pay' };
    await this.admin('POST', '/v1/applications', body);
  }

  async credentialsOf(application: string): Promise<string> {
    const path = `/v1/applications/${application}/credentials`;
    const { token } = await this.admin<CreatedCredential>('POST', path, { description: DESCRIPTION });
    return token;
  }
}

/** Waits until the condition holds; fails after the time limit, saying what was waited for. */
export async function waitFor(
  what: string,
  condition: () => boolean | Promise<boolean>,
  timeoutMs = 20_000,
): Promise<void> {
  const endsAtMs = Date.now() + timeoutMs;
  while (!(await condition())) {
    if (Date.now() > endsAtMs) throw new Error(`waited ${timeoutMs} ms in vain for: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** A port that nobody listens on. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => {
        if (address !== null && typeof address === 'object') resolve(address.port);
        else reject(new Error('the system gave no port'));
      });
    });
  });
}
