import type { WatchedSubscriptionChange } from '@nomos/schemas';
import type { Nomos } from '@nomos/sdk';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { APPLICATION, ENVIRONMENT, Platform, PRODUCER_GROUP, waitFor } from '../platform.js';
import { type Handled, Instance } from './instance.js';

const BEFORE = 'GONE || KEPT';
const AFTER = 'KEPT || ADDED';
/** Messages sent at a time, and the pause between. */
const BATCH = 12;
const PAUSE_MS = 20;

let platform: Platform;
let nomos: Nomos;

beforeAll(async () => {
  // Short, so that a killed instance is soon known to be dead.
  platform = await Platform.start({ heartbeatIntervalMs: 1_000, sessionTtlMs: 5_000 });
  nomos = await platform.connect();
});

afterAll(async () => {
  await nomos?.close();
  await platform?.close();
});

/** Sends without a pause until stopped, and notes what was acknowledged. */
class Load {
  readonly sent = new Map<string, string>();
  tags: readonly string[] = ['GONE', 'KEPT', 'ADDED'];
  #isOver = false;
  #count = 0;
  readonly #running: Promise<void>;

  constructor(topic: string) {
    this.#running = this.#run(topic);
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    await this.#running;
  }

  /** What was sent from now on counts. */
  forget(): void {
    this.sent.clear();
  }

  async #run(topic: string): Promise<void> {
    const producer = await nomos.producer({ group: PRODUCER_GROUP });
    while (!this.#isOver) {
      const { tags } = this;
      await Promise.all(
        Array.from({ length: BATCH }, async (_, index) => {
          const tag = tags[index % tags.length] ?? 'KEPT';
          const key = `${tag}-${this.#count++}`;
          await producer.send({ topic, key, tag, body: '-' });
          this.sent.set(key, tag);
        }),
      );
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
    await producer.close();
  }
}

test('three instances are replaced by such with another filter, under load and with kills, and nothing is lost', async () => {
  const topic = await platform.topic();
  const group = await platform.consumerGroup([topic], BEFORE);
  const handled: Handled[] = [];
  const start = (instance: string, expression: string) =>
    Instance.start(
      {
        ...{ registry: platform.registry.url, application: APPLICATION, environment: ENVIRONMENT },
        ...{ credentials: platform.credentials, instance, group, topic, expression },
      },
      (one) => handled.push(one),
    );
  const live = new Set<Instance>();
  const add = async (instance: string, expression: string) => {
    const started = await start(instance, expression);
    live.add(started);
    return started;
  };
  const load = new Load(topic);
  try {
    const [old1, old2, old3] = await Promise.all([1, 2, 3].map((index) => add(`old-${index}`, BEFORE)));
    const path = `/v1/consumer-groups/${group}/subscription-changes`;
    const subscriptions = [{ topic, filter: { type: 'tag', expression: AFTER } }];
    const startedAt = performance.now();
    const { id } = await platform.admin<{ id: string }>('POST', path, { subscriptions });
    const watch = () => platform.admin<WatchedSubscriptionChange>('GET', `${path}/${id}`);
    await waitFor(
      'all to let through what new ones need',
      async () => (await watch()).state === 'draining',
      60_000,
    );
    const expandedMs = performance.now() - startedAt;
    // From here on everything that either set covers must be handled.
    load.forget();

    const new1 = await add('new-1', AFTER);
    await old1?.kill();
    await add('new-2', AFTER);
    await old2?.stop();
    await new1.kill();
    await add('new-1b', AFTER);
    await add('new-3', AFTER);
    expect((await watch()).live.after).toBeGreaterThanOrEqual(3);

    // The last old one goes when what only it covers has come to an end.
    load.tags = ['KEPT', 'ADDED'];
    const done = () => new Set(handled.map(({ key }) => key));
    const missing = (...tags: string[]) => {
      const known = done();
      return [...load.sent].filter(([key, tag]) => tags.includes(tag) && !known.has(key)).map(([key]) => key);
    };
    await waitFor('the end of what only old ones take', () => missing('GONE').length === 0, 60_000);
    expect((await watch()).state).toBe('draining');
    await old3?.stop();
    await waitFor('the last step', async () => (await watch()).state === 'contracted', 30_000);
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    await load.stop();
    await waitFor('the rest', () => missing('KEPT', 'ADDED', 'GONE').length === 0, 60_000).catch(() => {});
    expect(missing('KEPT', 'ADDED', 'GONE')).toEqual([]);

    const bySide = (side: string) =>
      new Set(handled.filter(({ by }) => by.startsWith(side)).map(({ key }) => key.split('-')[0]));
    expect([...bySide('old')].toSorted()).toEqual(['GONE', 'KEPT']);
    expect([...bySide('new')].toSorted()).toEqual(['ADDED', 'KEPT']);
    // Handing over counts no attempt, or a message could end among the dead letters by it.
    expect(Math.max(...handled.map(({ attempt }) => attempt))).toBeLessThanOrEqual(4);
    const repeated = handled.length - done().size;
    console.info(
      `expanded in ${Math.round(expandedMs)} ms; ${load.sent.size} messages, ${repeated} handled twice`,
    );
  } finally {
    await load.stop();
    await Promise.all([...live].map((instance) => instance.kill()));
  }
}, 240_000);
