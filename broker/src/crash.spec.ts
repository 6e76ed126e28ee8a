import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { apache, limits } from '@nomos/schemas';
import { expect, test } from 'vitest';
import { GROUP, grant, signed, TOPIC, testBundle } from './edge/bundle.spec.support.js';
import { message, RawClient } from './rpc/raw-client.spec.support.js';

const { Code } = apache.rocketmq.v2;
const KILLS = 3;
/** The built child: a process of its own runs JavaScript. */
const childFile = fileURLToPath(new URL('../dist/broker.spec.child.js', import.meta.url));

test('kill -9 under load loses no confirmed send, and forgets no confirmed acknowledgement', async () => {
  expect(existsSync(childFile), 'build first: npx tsc -b broker').toBe(true);
  const folder = await mkdtemp(join(tmpdir(), 'nomos-crash-'));
  const confirmed = new Set<string>();
  const acknowledged = new Set<string>();
  /** Acknowledgements that a kill left without an answer: they may have taken effect or not. */
  const inDoubt = new Set<string>();
  const redelivered: string[] = [];
  for (let round = 0; round < KILLS; round++) {
    const { child, endpoint } = await startChild(folder);
    const producer = new RawClient(endpoint, signed('paycore-key', 'paycore-secret'));
    const consumer = new RawClient(endpoint, { 'x-nomos-grant': await grant() });
    let stopped = false;
    const load = [1, 2, 3].map(async (lane) => {
      for (let batch = 0; !stopped; batch++) {
        const ids = Array.from({ length: 20 }, (_, index) => `${round}-${lane}-${batch}-${index}`);
        const answer = await producer.send(...ids.map((id) => message(TOPIC, id)));
        if (answer.status?.code === Code.OK) for (const id of ids) confirmed.add(id);
      }
    });
    const work = [1, 2].map(async () => {
      while (!stopped) {
        const { messages } = await consumer.receive(GROUP, TOPIC);
        const entries = messages.map(({ systemProperties }) => ({
          id: systemProperties?.messageId ?? '',
          handle: systemProperties?.receiptHandle ?? '',
        }));
        for (const { id } of entries) if (acknowledged.has(id)) redelivered.push(id);
        for (const { id } of entries) inDoubt.add(id);
        const answer = await consumer.ack(GROUP, TOPIC, ...entries.map(({ handle }) => handle));
        for (const { id } of entries) inDoubt.delete(id);
        for (const [index, entry] of answer.entries.entries()) {
          if (entry.status?.code === Code.OK) acknowledged.add(entries[index]?.id ?? '');
        }
      }
    });
    await new Promise((resolve) => setTimeout(resolve, 400 + round * 150));
    child.kill('SIGKILL');
    stopped = true;
    await Promise.allSettled([...load, ...work]);
    producer.close();
    consumer.close();
  }
  const left = await drain(folder);
  expect(confirmed.size).toBeGreaterThan(100);
  expect(acknowledged.size).toBeGreaterThan(100);
  expect(redelivered).toEqual([]);
  expect([...left].filter((id) => acknowledged.has(id))).toEqual([]);
  const unaccounted = [...confirmed].filter((id) => !acknowledged.has(id) && !left.has(id));
  expect(unaccounted.filter((id) => !inDoubt.has(id))).toEqual([]);
  // Each kill leaves at most what the two consumers had asked for at that moment.
  expect(unaccounted.length).toBeLessThanOrEqual(KILLS * 2 * limits.receiveBatchMessages);
  await rm(folder, { recursive: true });
});

/** Everything that is still to be delivered, in time also what was invisible at the kill. */
async function drain(folder: string): Promise<Set<string>> {
  const { child, endpoint } = await startChild(folder);
  const consumer = new RawClient(endpoint, { 'x-nomos-grant': await grant() });
  const left = new Set<string>();
  const endMs = Date.now() + 12_000;
  for (;;) {
    const { messages } = await consumer.receive(GROUP, TOPIC, { invisibleDuration: { seconds: 60 } });
    for (const { systemProperties } of messages) left.add(systemProperties?.messageId ?? '');
    if (messages.length === 0 && Date.now() > endMs) break;
  }
  consumer.close();
  child.kill('SIGKILL');
  await once(child, 'exit');
  return left;
}

async function startChild(folder: string): Promise<{ child: ChildProcess; endpoint: string }> {
  const parameters = [childFile, folder, JSON.stringify(testBundle())];
  const child = spawn(process.execPath, parameters, { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = await once(child.stdout, 'data');
  return { child, endpoint: String(line).trim() };
}
