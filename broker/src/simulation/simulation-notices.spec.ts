import { describe, expect, test } from 'vitest';
import type { BrokerCore } from '../core/broker-core.js';
import type { Store, Write } from '../core/store.js';
import { Violation } from './journal.spec.support.js';
import type { Random } from './random.spec.support.js';
import { Simulation } from './simulation.spec.support.js';
import type { Defects } from './world.spec.support.js';

const SEEDS = 60;
const DEFECTIVE_PART = 0.05;

/** A store whose commits are spoilt; all else is passed on. */
function withCommit(store: Store, commit: (batch: readonly Write[]) => Promise<void>): Store {
  return {
    get: (table, key) => store.get(table, key),
    range: (table, range) => store.range(table, range),
    commit,
    close: () => store.close(),
  };
}

/** Now and then a batch is not the one that was meant. */
function spoilt(spoil: (batch: readonly Write[]) => readonly Write[]): Defects {
  const store = (inner: Store, random: Random) =>
    withCommit(inner, (batch) => inner.commit(random.chance(DEFECTIVE_PART) ? spoil(batch) : batch));
  return { store };
}

function withCore(change: (core: BrokerCore) => void): Defects {
  return {
    core: (core) => {
      change(core);
      return core;
    },
  };
}

const defects: readonly (readonly [name: string, defects: Defects, notices: RegExp])[] = [
  [
    'a store that drops a durable batch',
    spoilt(() => []),
    /is lost|is nowhere|after it was done|before .* done/,
  ],
  [
    'a store that tears batches',
    spoilt((batch) => batch.slice(0, batch.length / 2)),
    /is lost|is nowhere|after it was done|twice/,
  ],
  [
    'a store that forgets deletions',
    spoilt((batch) => batch.filter(({ value }) => value)),
    /after it was done|twice|is now at/,
  ],
  [
    'a store that reports commits before they are durable',
    {
      store: (inner) =>
        withCommit(inner, async (batch) => {
          inner.commit(batch).catch(() => undefined);
          await new Promise((resolve) => setImmediate(resolve));
        }),
    },
    /is lost|is nowhere|after it was done|never asked about|unknown/,
  ],
  [
    'a store that keeps what it said had failed',
    {
      store: (inner) =>
        withCommit(inner, (batch) =>
          inner.commit(batch).catch(async (error: unknown) => {
            inner.commit(batch).catch(() => undefined);
            throw error;
          }),
        ),
    },
    /was refused, yet it is stored|after it was done|is at .* and|was at .* now at/,
  ],
  [
    'a clock that is ahead',
    {
      clock: (clock) => ({ ...clock, now: () => clock.now() + 2_000, setTimer: clock.setTimer.bind(clock) }),
    },
    /early|before it is visible|cannot acknowledge|handle is refused/,
  ],
  [
    'a broker that confirms acknowledgements without keeping them',
    withCore(({ receiving }) => {
      receiving.acknowledge = async (_, handles) => handles.map(() => true);
    }),
    /after it was done/,
  ],
  [
    'a broker that delivers the newest first',
    withCore(({ receiving }) => {
      const receive = receiving.receive.bind(receiving);
      receiving.receive = (request) => {
        const { deliveries, cancel } = receive(request);
        return { deliveries: deliveries.then((all) => all.toReversed()), cancel };
      };
    }),
    /is delivered to .* before/,
  ],
  [
    'a broker that commits what is to be rolled back',
    withCore(({ transactions }) => {
      const end = transactions.end.bind(transactions);
      transactions.end = (topic, transactionId) => end(topic, transactionId, 'commit');
    }),
    /half message|rolled back|opposite/,
  ],
];

/** What a run says that broke a promise, without its events; undefined when none was broken. */
async function violationOf(seed: number, defect: Defects): Promise<string | undefined> {
  try {
    await new Simulation(seed, defect).run();
    return undefined;
  } catch (error) {
    if (error instanceof Violation) return error.message.split('\n')[0];
    throw error;
  }
}

describe('the simulation notices', () => {
  test.each(defects)('%s', async (_, defect, notices) => {
    const found: string[] = [];
    for (let seed = 1; seed <= SEEDS && !found.some((line) => notices.test(line)); seed++) {
      const line = await violationOf(seed, defect);
      if (line !== undefined) found.push(line);
    }
    expect(found.at(-1)).toMatch(notices);
  });
});

test('a seed gives the same run again', async () => {
  const events = async () => {
    const simulation = new Simulation(42);
    await simulation.run().catch(() => undefined);
    return simulation.journal.events;
  };
  const first = await events();
  expect(first.length).toBeGreaterThan(100);
  expect(await events()).toEqual(first);
});
