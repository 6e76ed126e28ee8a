import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Registry, type RegistryOptions, RemotingBrokerAdmin, startRegistry } from '@nomos/registry';
import { type ProvisioningState, provisioningStateSchema } from '@nomos/schemas';
import { firstLine, start } from './cli/command.js';
import { freePort } from './platform.js';

const DESCRIPTION = 'For a test.';
/** The environment that is provisioned, and the one whose bundle the broker has: nothing is ever in that. */
export const ENVIRONMENT = 'prod';
const BUNDLED_ENVIRONMENT = 'empty';

/** A drift that is only looked for when it is asked for, so that a test sees what it has done. */
const times = { checkIntervalMs: 3_600_000, retryMs: 50, retryMsMax: 500, pollIntervalMs: 100 };

/**
 * A registry, and a broker in a process of its own that knows nothing of the catalog but what the registry
 * provisions: as a cluster of Apache RocketMQ does.
 */
export class ProvisionedBroker {
  readonly registry: Registry;
  readonly port: number;
  readonly adminToken: string;
  readonly #folder: string;
  #process: ChildProcess | undefined;
  #admin: RemotingBrokerAdmin | undefined;

  private constructor(registry: Registry, folder: string, port: number, adminToken: string) {
    this.registry = registry;
    this.#folder = folder;
    this.port = port;
    this.adminToken = adminToken;
  }

  static async start(): Promise<ProvisionedBroker> {
    const folder = await mkdtemp(join(tmpdir(), 'nomos-provisioning-'));
    // The embedded Postgres may run as another user, who has to pass through.
    await chmod(folder, 0o711);
    const registry = await startRegistry({
      ...{ dataFolder: join(folder, 'registry'), port: 0, reconcilerTimes: times },
    });
    const broker = new ProvisionedBroker(registry, folder, await freePort(), registry.firstAdminToken ?? '');
    await broker.#prepare();
    return broker;
  }

  /** Another registry on the same database. */
  startAnother(): Promise<Registry> {
    const options: RegistryOptions = {
      ...{ dataFolder: join(this.#folder, 'registry'), databaseUrl: this.registry.databaseUrl, port: 0 },
      reconcilerTimes: times,
    };
    return startRegistry(options);
  }

  async startBroker(): Promise<void> {
    const parameters = [
      ...['broker', '--data', join(this.#folder, 'broker'), '--port', `${this.port}`],
      ...['--registry', this.registry.url, '--environment', BUNDLED_ENVIRONMENT],
    ];
    const token = await this.registry.issueEdgeToken(BUNDLED_ENVIRONMENT);
    this.#process = start(parameters, { NOMOS_EDGE_TOKEN: token });
    await firstLine(this.#process);
  }

  async killBroker(): Promise<void> {
    const ended = this.#process && once(this.#process, 'close');
    this.#process?.kill('SIGKILL');
    await ended;
    this.#process = undefined;
  }

  /** What the broker was started with: its key, as an administrator finds it on the broker's machine. */
  async credentials(): Promise<{ accessKey: string; secretKey: string }> {
    return JSON.parse(await readFile(join(this.#folder, 'broker', 'admin-key.json'), 'utf8'));
  }

  /** The certificate that the broker made for itself, without its key. */
  async certificate(): Promise<string> {
    const text = await readFile(join(this.#folder, 'broker', 'self-signed.pem'), 'utf8');
    const [certificate = ''] =
      /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/.exec(text) ?? [];
    return certificate;
  }

  /** The broker as an administrator beside the registry sees it, and changes it behind its back. */
  async admin(): Promise<RemotingBrokerAdmin> {
    this.#admin ??= new RemotingBrokerAdmin({
      ...{ endpoints: [`127.0.0.1:${this.port}`], tls: false, credentials: await this.credentials() },
    });
    await this.#admin.refresh();
    return this.#admin;
  }

  async names(kind: 'topic' | 'consumer-group'): Promise<string[]> {
    return [...(await (await this.admin()).list(kind)).keys()].sort();
  }

  /** Calls a registry as a platform admin. */
  async call<Answer>(
    method: string,
    path: string,
    body?: object,
    url = this.registry.url,
  ): Promise<{ status: number; body: Answer }> {
    const response = await fetch(`${url}/v1/${path}`, {
      method,
      headers: { authorization: `Bearer ${this.adminToken}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, body: (text === '' ? {} : JSON.parse(text)) as Answer };
  }

  async must<Answer>(method: string, path: string, body?: object, url?: string): Promise<Answer> {
    const answer = await this.call<Answer>(method, path, body, url);
    if (answer.status < 300) return answer.body;
    throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
  }

  async state(): Promise<ProvisioningState> {
    const path = `environments/${ENVIRONMENT}/provisioning`;
    return provisioningStateSchema.parse(await this.must('GET', path));
  }

  async reconcile(body: object = {}): Promise<ProvisioningState> {
    const path = `environments/${ENVIRONMENT}/provisioning:reconcile`;
    return provisioningStateSchema.parse(await this.must('POST', path, body));
  }

  async manage(changes: object = {}): Promise<void> {
    const access = { endpoints: [`127.0.0.1:${this.port}`], ...(await this.credentials()), ...changes };
    await this.must('PUT', `environments/${ENVIRONMENT}/provisioning`, access);
  }

  topic(name: string, more: object = {}, url?: string): Promise<object> {
    return this.must(
      ...([
        'POST',
        'topics',
        { name, application: 'paycore', description: DESCRIPTION, environments: [ENVIRONMENT], ...more },
        url,
      ] as const),
    );
  }

  group(name: string, more: object = {}): Promise<object> {
    return this.must('POST', 'consumer-groups', {
      ...{ name, application: 'paycore', description: DESCRIPTION, environments: [ENVIRONMENT], ...more },
    });
  }

  async close(): Promise<void> {
    this.#admin?.close();
    await this.killBroker();
    await this.registry.close();
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #prepare(): Promise<void> {
    const contacts = [{ kind: 'chat', value: '#payments' }];
    const description = DESCRIPTION;
    for (const code of [ENVIRONMENT, BUNDLED_ENVIRONMENT]) {
      await this.must('POST', 'environments', { code, description, endpoints: [`127.0.0.1:${this.port}`] });
    }
    await this.must('POST', 'domains', { code: 'pay', description });
    await this.must('POST', 'teams', { code: 'payments', description, contacts });
    await this.must('POST', 'applications', {
      ...{ code: 'paycore', description, team: 'payments', domain: 'pay' },
    });
    await this.startBroker();
  }
}
