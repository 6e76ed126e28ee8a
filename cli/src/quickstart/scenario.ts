import { setTimeout as pause } from 'node:timers/promises';
import { NomosError } from '@nomos/schemas';
import { Nomos } from '@nomos/sdk';
import { Client, Pool } from 'pg';
import type { Platform } from '../platform/platform.js';
import { RegistryClient } from '../registry-client.js';
import { type ApplicationCode, PRODUCER_GROUP, registerBank, TRANSFER_COMPLETED } from './bank-catalog.js';
import {
  type ConsumingService,
  startAntifraudService,
  startLedgerService,
  startSmsService,
} from './consuming-services.js';
import type { PaymentOrder } from './payment-orders.js';
import { publishTransfers } from './payment-service.js';
import { collectRefusals } from './refusals.js';
import type { GroupSummary, Summary } from './summary.js';

/** What a run gives: its figures, and the credentials of the payment service, for trying things by hand. */
export interface ScenarioResult {
  readonly summary: Summary;
  readonly paycoreToken: string;
}

/** A run counts as stuck when no group has made progress for so long. */
const STUCK_MS = 60_000;
const POLL_MS = 50;

export interface ScenarioOptions {
  readonly platform: Platform;
  readonly adminToken: string;
  readonly environment: string;
  readonly orders: readonly PaymentOrder[];
  /** Tells a person what happens; called often. */
  readonly onProgress: (text: string) => void;
  /** Ends the run early; it throws the signal's reason then. */
  readonly signal: AbortSignal;
}

/** Runs the bank's main job on a fresh platform: register, admit, send, consume once, refuse. */
export async function runScenario(options: ScenarioOptions): Promise<ScenarioResult> {
  const { platform, environment, orders, signal } = options;
  const onProgress = (text: string) => {
    signal.throwIfAborted();
    options.onProgress(text);
  };
  const startedAt = performance.now();
  const admin = new RegistryClient(platform.registry.url, options.adminToken);
  onProgress(
    'registering domains, teams, applications, topic, groups and subscriptions; the topic’s owner approves who receives it',
  );
  const credentials = await registerBank(admin, environment);

  const open: (() => Promise<unknown>)[] = [];
  try {
    const connect = async (application: ApplicationCode) => {
      const nomos = await Nomos.connect({
        registry: platform.registry.url,
        application,
        environment,
        credentials: credentials[application].token,
      });
      open.push(() => nomos.close());
      return nomos;
    };
    const pool = async (application: ApplicationCode) => {
      const created = await createDatabase(platform.registry.databaseUrl, application);
      open.push(() => created.end());
      return created;
    };
    const antifraud = await connect('antifraud');
    const services = [
      await startSmsService(await connect('sms')),
      await startAntifraudService(antifraud, await pool('antifraud')),
      await startLedgerService(await connect('ledger'), await pool('ledger')),
    ];
    const paycore = await connect('paycore');
    const producer = await paycore.producer({ group: PRODUCER_GROUP, topics: [TRANSFER_COMPLETED] });

    const published = await publishTransfers(producer, orders, (sent) => onProgress(`sent ${sent} events`));
    await untilAllHandled(services, published.sent, onProgress);
    const refusals = await collectRefusals({
      ...{ admin, environment, producer, antifraud },
      brokerEndpoint: platform.broker.endpoint,
    });
    const groups = await Promise.all(services.map(summarise));
    const seconds = Math.round((performance.now() - startedAt) / 10) / 100;
    const summary = { orders: orders.length, ...published, groups, refusals, seconds };
    return { summary, paycoreToken: credentials.paycore.token };
  } finally {
    for (const close of open.reverse()) await close();
  }
}

async function summarise(service: ConsumingService): Promise<GroupSummary> {
  const { applied, amount } = await service.count();
  return { group: service.group, applied, amount, suppressed: service.consumer.stats().suppressed };
}

/** Waits until each service has applied or suppressed every event. Throws TIMEOUT when they make no progress. */
async function untilAllHandled(
  services: readonly ConsumingService[],
  sent: number,
  onProgress: (text: string) => void,
): Promise<void> {
  let finishedBefore = -1;
  let progressAt = performance.now();
  for (;;) {
    const finished = services.map(({ consumer }) => consumer.stats().handled + consumer.stats().suppressed);
    if (finished.every((count) => count >= sent)) return;
    const sum = finished.reduce((total, count) => total + count, 0);
    if (sum > finishedBefore) progressAt = performance.now();
    finishedBefore = sum;
    onProgress(`consumed ${finished.map((count, index) => `${services[index]?.group} ${count}`).join(', ')}`);
    if (performance.now() - progressAt > STUCK_MS) {
      throw new NomosError('TIMEOUT', `The consumers stopped at ${finished.join(', ')} of ${sent} events.`);
    }
    await pause(POLL_MS);
  }
}

/** A database of its own for a service, on the server that the registry uses. */
async function createDatabase(serverUrl: string, name: string): Promise<Pool> {
  const client = new Client({ connectionString: serverUrl });
  await client.connect();
  try {
    await client.query(`CREATE DATABASE ${client.escapeIdentifier(name)}`);
  } finally {
    await client.end();
  }
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  return new Pool({ connectionString: url.href, max: 10 });
}
