import { execFile } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type Platform, RegistryClient, startPlatform } from '@nomos/cli';
import type { CreatedCredential } from '@nomos/schemas';
import { atLeast, type Benchmark, type BenchmarkResult, median, round } from '../benchmark.js';
import { type Measurement, WORKLOAD_VARIABLE, type Workload } from './workload.js';

const ENVIRONMENT = 'dev';
const APPLICATION = 'bench';
/** Rounds in which the clients take turns, so that a slow spell of the machine meets both. */
const ROUNDS = 3;
const CONCURRENCY = 256;
const BODY_BYTES = 256;
/** Each client gets work for about two seconds a round. */
const MESSAGES = { nomos: 60_000, official: 8_000 } as const;
/** The ratios that the SDK is to keep against the official client; of receiving, 10 is still to be reached. */
const SEND_GOAL = 10;
const RECEIVE_GOAL = 5;

const silent = { debug() {}, info() {}, warn() {}, error() {} };

/** Sends and receives through the SDK against the official Node client, on the same broker. */
export const firstBenchmark: Benchmark = {
  name: 'first',
  description: 'sends and receives of the SDK against the official Node client, on the same broker',
  async run(note, signal) {
    const folder = mkdtempSync(join(tmpdir(), 'nomos-bench-'));
    chmodSync(folder, 0o711);
    const platform = await startPlatform({
      ...{ dataFolder: folder, host: '127.0.0.1', registryPort: 0, brokerPort: 0 },
      ...{ environment: ENVIRONMENT, log: silent },
    });
    try {
      return await measure(platform, note, signal);
    } finally {
      await platform.close();
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

async function measure(
  platform: Platform,
  note: (line: string) => void,
  signal: AbortSignal,
): Promise<BenchmarkResult> {
  const workloads = await register(platform);
  const rates: Record<string, number[]> = {};
  for (let round = 0; round < ROUNDS; round++) {
    for (const client of ['official', 'nomos'] as const) {
      for (const direction of ['send', 'receive'] as const) {
        const workload = workloads[client][round];
        if (workload === undefined) throw new Error('there is a workload for each round');
        const script = `${direction}-with-${client === 'nomos' ? 'nomos' : 'official-client'}.js`;
        const { messages, seconds } = await runClient(script, workload, signal);
        const name = `${direction}_per_second_${client}`;
        rates[name] = [...(rates[name] ?? []), messages / seconds];
        note(`round ${round + 1}: ${name} ${Math.round(messages / seconds)}`);
      }
    }
  }
  const figures = Object.fromEntries(
    Object.entries(rates).map(([name, values]) => [name, round(median(values))]),
  );
  const ratio = (direction: string) =>
    (figures[`${direction}_per_second_nomos`] ?? 0) / (figures[`${direction}_per_second_official`] ?? 1);
  return {
    bench: 'first',
    goals: [
      atLeast('send rate: SDK / official client', ratio('send'), SEND_GOAL),
      atLeast('receive rate: SDK / official client', ratio('receive'), RECEIVE_GOAL),
    ],
    figures: { ...figures, concurrency: CONCURRENCY, body_bytes: BODY_BYTES, rounds: ROUNDS },
  };
}

/** Gives each client and round a topic and group of its own, so that no backlog of another run is met. */
async function register(platform: Platform): Promise<Record<keyof typeof MESSAGES, Workload[]>> {
  const { firstAdminToken } = platform.registry;
  if (firstAdminToken === undefined) throw new Error('a fresh registry gives an admin token');
  const admin = new RegistryClient(platform.registry.url, firstAdminToken);
  const description = 'For measuring.';
  const environments = [ENVIRONMENT];
  await admin.post('/v1/domains', { code: 'lab', description });
  await admin.post('/v1/teams', { code: 'lab', description, contacts: [{ kind: 'chat', value: '#lab' }] });
  await admin.post('/v1/applications', { code: APPLICATION, team: 'lab', domain: 'lab', description });
  const producerGroup = `pg-${APPLICATION}-load`;
  await admin.post('/v1/producer-groups', {
    name: producerGroup,
    application: APPLICATION,
    description,
    environments,
  });
  const credential = await admin.post<CreatedCredential>(`/v1/applications/${APPLICATION}/credentials`, {
    description,
  });

  const workloads: Record<keyof typeof MESSAGES, Workload[]> = { nomos: [], official: [] };
  for (const client of ['nomos', 'official'] as const) {
    for (let round = 0; round < ROUNDS; round++) {
      const topic = `lab-${APPLICATION}-${client}${round}-measured`;
      const consumerGroup = `cg-${APPLICATION}-${client}${round}`;
      await admin.post('/v1/topics', { name: topic, application: APPLICATION, description, environments });
      await admin.post('/v1/consumer-groups', {
        ...{ name: consumerGroup, application: APPLICATION, description, environments },
      });
      await admin.post('/v1/subscriptions', { group: consumerGroup, topic });
      workloads[client].push({
        ...{ registry: platform.registry.url, broker: platform.broker.endpoint },
        ...{ application: APPLICATION, environment: ENVIRONMENT, topic, producerGroup, consumerGroup },
        ...{ token: credential.token, accessKey: credential.accessKey, secretKey: credential.secretKey },
        // One message more is received than sent in the measured time: the warm-up.
        ...{ messages: MESSAGES[client], concurrency: CONCURRENCY, bodyBytes: BODY_BYTES },
      });
    }
  }
  return workloads;
}

async function runClient(script: string, workload: Workload, signal: AbortSignal): Promise<Measurement> {
  const file = fileURLToPath(new URL(script, import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [file], {
    env: { ...process.env, [WORKLOAD_VARIABLE]: JSON.stringify(workload) },
    timeout: 120_000,
    signal,
  });
  const line = stdout.trim().split('\n').at(-1) ?? '';
  return JSON.parse(line) as Measurement;
}
