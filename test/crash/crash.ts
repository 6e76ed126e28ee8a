import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { BrokerUnderFire } from './broker-under-fire.js';
import { Consumers } from './consumers.js';
import { type Faults, Ledger } from './ledger.js';
import { Producers } from './producers.js';
import { seededRandom } from './random.js';
import { RawClient } from './raw-client.js';

export interface CrashOptions {
  readonly kills: number;
  readonly seed: number;
  readonly note: (line: string) => void;
}

/** Times in milliseconds. */
export interface CrashReport extends Faults {
  readonly kills: number;
  readonly seed: number;
  /** Messages whose storing, and of transactional ones whose commit, was confirmed or decided. */
  readonly acknowledged: number;
  /** Pairs of a message and a group that got it, however often. */
  readonly delivered: number;
  /** From a kill to the first call that succeeded; the second counts from the start of the new process. */
  readonly recoveryMsMax: number;
  readonly recoveryMsP50: number;
  readonly recoveryFromStartMsMax: number;
  /** How late delayed messages arrived for the first time, the time of the kills included. */
  readonly lateMsP99: number;
  readonly lateMsMax: number;
}

/** The broker works so long, at least and at most, before it is killed again. */
const LIFE_MS_MIN = 300;
const LIFE_MS_MAX = 1_500;
/** In the end: longer than anything may be invisible, so that whatever would come again does. */
const DRAIN_MS_MIN = 12_000;
const QUIET_MS = 3_000;
const DRAIN_MS_MAX = 90_000;

/** Loads a broker, kills it again and again, and says what became of the messages. */
export async function crash({ kills, seed, note }: CrashOptions): Promise<CrashReport> {
  const folder = await mkdtemp(join(tmpdir(), 'nomos-crash-'));
  const broker = await BrokerUnderFire.start(folder);
  const random = seededRandom(seed);
  const ledger = new Ledger();
  const clients: RawClient[] = [];
  const connect = (name: string) => {
    const client = new RawClient(broker.endpoint, name, broker.noteSuccess);
    clients.push(client);
    return client;
  };
  const producers = new Producers(ledger, seededRandom(seed + 1), connect);
  const consumers = new Consumers(ledger, seededRandom(seed + 2), connect);
  try {
    producers.start();
    consumers.start();
    for (let kill = 1; kill <= kills; kill++) {
      await pause(LIFE_MS_MIN + random() * (LIFE_MS_MAX - LIFE_MS_MIN));
      await broker.kill();
      note(
        `kill ${kill} of ${kills}: back after ${Math.round(broker.recoveries.at(-1)?.fromKillMs ?? 0)} ms`,
      );
    }
    await pause(LIFE_MS_MIN);
    consumers.calm();
    await producers.stop();
    await drain(ledger, note);
    await consumers.stop();
  } finally {
    producers.close();
    for (const client of clients) client.close();
    await broker.stop();
    await rm(folder, { recursive: true });
  }
  for (const finding of ledger.findings) note(finding);
  for (const { group, entry } of ledger.missing()) note(`lost: ${entry.id} for ${group}`);
  return report(kills, seed, ledger, broker);
}

/** Until all has come, and nothing more comes. */
async function drain(ledger: Ledger, note: (line: string) => void): Promise<void> {
  const startMs = Date.now();
  for (;;) {
    await pause(200);
    const missing = [...ledger.missing()].length;
    const nowMs = Date.now();
    const isQuiet = nowMs - ledger.lastDeliveryAtMs >= QUIET_MS && nowMs - startMs >= DRAIN_MS_MIN;
    if (missing === 0 && isQuiet) return;
    if (nowMs - startMs >= DRAIN_MS_MAX) {
      note(`${missing} deliveries have not come within ${DRAIN_MS_MAX} ms`);
      return;
    }
  }
}

function report(kills: number, seed: number, ledger: Ledger, { recoveries }: BrokerUnderFire): CrashReport {
  const fromKill = recoveries.map(({ fromKillMs }) => fromKillMs);
  const fromStart = recoveries.map(({ fromStartMs }) => fromStartMs);
  return {
    ...{ kills, seed, acknowledged: ledger.confirmed, delivered: ledger.delivered },
    ...{ lost: [...ledger.missing()].length, ...ledger.faults },
    recoveryMsMax: percentile(fromKill, 1),
    recoveryMsP50: percentile(fromKill, 0.5),
    recoveryFromStartMsMax: percentile(fromStart, 1),
    lateMsP99: percentile(ledger.lateMs, 0.99),
    lateMsMax: percentile(ledger.lateMs, 1),
  };
}

/** The smallest value that at least this part of the values does not exceed, rounded; 0 when there are none. */
function percentile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((one, other) => one - other);
  return Math.round(sorted[Math.max(0, Math.ceil(sorted.length * part) - 1)] ?? 0);
}

/** Whether the broker kept its word. */
export function isFaultless({ lost, reordered, early, halfSeen, redeliveredAfterAck }: Faults): boolean {
  return lost + reordered + early + halfSeen + redeliveredAfterAck === 0;
}
