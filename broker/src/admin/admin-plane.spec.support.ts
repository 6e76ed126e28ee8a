import { expect } from 'vitest';
import { SimulatedClock } from '../core/simulated-clock.js';
import { MemoryAdminBackend, START_MS } from './memory-admin-backend.spec.support.js';
import { operations } from './operations.js';
import { type AdminServer, RemotingClient, startAdminServer } from './remoting-client.spec.support.js';
import type { RemotingCommand } from './remoting-command.js';
import { responseCode } from './response-code.js';

/** The admin plane over lists in memory, under a simulated clock, and a client of it. */
export class AdminPlane {
  readonly backend: MemoryAdminBackend;
  readonly clock: SimulatedClock;
  readonly server: AdminServer;
  readonly #client: RemotingClient;

  private constructor(
    backend: MemoryAdminBackend,
    clock: SimulatedClock,
    server: AdminServer,
    client: RemotingClient,
  ) {
    this.backend = backend;
    this.clock = clock;
    this.server = server;
    this.#client = client;
  }

  /** At START_MS, or some time after. */
  static async open(nowMs = START_MS): Promise<AdminPlane> {
    const backend = new MemoryAdminBackend();
    const clock = new SimulatedClock(nowMs);
    const server = await startAdminServer(backend, { clock });
    return new AdminPlane(backend, clock, server, await RemotingClient.connect(server.port));
  }

  async close(): Promise<void> {
    this.#client.close();
    await this.server.close();
  }

  /** Asks for an operation by RocketMQ's name of it. */
  ask(name: string, fields: Record<string, string> = {}, body = ''): Promise<RemotingCommand> {
    const operation = operations.find((candidate) => candidate.name === name);
    if (operation === undefined) throw new Error(`no operation ${name}`);
    return this.#client.request(operation.code, { fields, body });
  }

  /** The body of an answer that succeeded. */
  async body(name: string, fields: Record<string, string> = {}): Promise<string> {
    const answer = await this.ask(name, fields);
    expect(answer).toMatchObject({ code: responseCode.success });
    return answer.body.toString();
  }

  async json(name: string, fields: Record<string, string> = {}) {
    return JSON.parse(await this.body(name, fields));
  }
}

/** A queue as a key in fastjson's form. */
export function queueKey(topic: string, queueId: number): string {
  return `{"brokerName":"nomos","queueId":${queueId},"topic":"${topic}"}`;
}
