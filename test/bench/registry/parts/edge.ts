import { type ChildProcess, fork } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { atMost } from '../../benchmark.js';
import { BenchClient } from '../../broker/bench-client.js';
import { quantile } from '../../broker/latencies.js';
import { ENVIRONMENT } from '../environment.js';
import { APPLICATION } from '../fill-catalog.js';
import type { Part, PreparedRegistry } from '../part.js';

const brokerFile = fileURLToPath(new URL('../broker-child.js', import.meta.url));

const GOAL_MS = 1_000;
const CHANGES = 8;
const POLL_MS = 5;
const WAIT_MS_MAX = 30_000;

/**
 * How soon a real broker refuses a topic that was retired. A new topic would not do: a broker that does not know a
 * name asks the registry at once, so that the poll itself would bring the news.
 */
export const edge: Part = {
  name: 'edge',
  async run({ empty, full, folder, signal, note }) {
    const emptyMs = await measure(await empty(), join(folder, 'broker-empty'), signal);
    note(`  with an empty catalog ${emptyMs.map(Math.round).join(', ')} ms`);
    const fullMs = await measure(await full(), join(folder, 'broker-full'), signal);
    note(`  with a full catalog ${fullMs.map(Math.round).join(', ')} ms`);
    return {
      goals: [
        atMost('a change reaches a broker, empty catalog, slowest in ms', Math.max(...emptyMs), GOAL_MS),
        atMost('a change reaches a broker, full catalog, slowest in ms', Math.max(...fullMs), GOAL_MS),
      ],
      figures: {
        changes: CHANGES,
        empty_ms_p50: quantile(emptyMs, 0.5),
        empty_ms_max: Math.max(...emptyMs),
        full_ms_p50: quantile(fullMs, 0.5),
        full_ms_max: Math.max(...fullMs),
      },
    };
  },
};

async function measure(
  { registry, credential }: PreparedRegistry,
  dataFolder: string,
  signal: AbortSignal,
): Promise<number[]> {
  const { url, edgeToken } = registry.started;
  const names = Array.from({ length: CHANGES }, (_, index) => `lab-bench-passing${index}-done`);
  for (const name of names) {
    await registry.call('POST', '/v1/topics', {
      ...{ name, application: APPLICATION, description: 'For measuring.', environments: [ENVIRONMENT] },
    });
  }
  const broker = fork(brokerFile, [dataFolder, url, edgeToken], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const endpoint = await endpointOf(broker);
  const client = new BenchClient(endpoint, accessKeyMetadata(credential.token));
  const timesMs: number[] = [];
  try {
    for (const name of names) {
      signal.throwIfAborted();
      await client.queryRoute(name);
      await registry.call('DELETE', `/v1/topics/${name}`);
      const startedAt = performance.now();
      while (await isServed(client, name)) {
        if (performance.now() - startedAt > WAIT_MS_MAX) break;
        await new Promise((resolve) => setTimeout(resolve, POLL_MS));
      }
      timesMs.push(performance.now() - startedAt);
    }
  } finally {
    client.close();
    const exited = once(broker, 'exit');
    broker.disconnect();
    await exited;
  }
  return timesMs;
}

async function endpointOf(broker: ChildProcess): Promise<string> {
  const gone = new AbortController();
  broker.once('exit', (code) => gone.abort(new Error(`the broker ended by itself (${code})`)));
  const [endpoint] = await once(broker, 'message', { signal: gone.signal });
  return String(endpoint);
}

async function isServed(client: BenchClient, topic: string): Promise<boolean> {
  try {
    await client.queryRoute(topic);
    return true;
  } catch {
    return false;
  }
}

/** What RocketMQ's clients send with an access key; ours is the middle and the end of the credential. */
function accessKeyMetadata(token: string): Record<string, string> {
  const parts = token.split('_');
  const [accessKey = '', secretKey = ''] = parts.slice(-2);
  const dateTime = '20260102T030405Z';
  const signature = createHmac('sha1', secretKey).update(dateTime).digest('hex').toUpperCase();
  return {
    'x-mq-client-id': 'bench',
    'x-mq-date-time': dateTime,
    authorization: `MQv2-HMAC-SHA1 Credential=${accessKey}, SignedHeaders=x-mq-date-time, Signature=${signature}`,
  };
}
