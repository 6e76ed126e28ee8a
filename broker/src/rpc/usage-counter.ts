import type { UsageEntry } from '@nomos/schemas';
import type { Clock } from '../core/clock.js';

/** Who does what with which topic. */
export type Use = Pick<UsageEntry, 'kind' | 'topic' | 'group' | 'application' | 'instance'>;

/** Different uses that are told apart between two reports; what goes beyond counts without its instance. */
const USES_MAX = 5_000;

/** Counts what clients publish and consume, until somebody takes the counts. */
export class UsageCounter {
  readonly #clock: Clock;
  #counts = new Map<string, UsageEntry & { count: number; lastAt: string }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  note(use: Use, count: number): void {
    if (count > 0) this.#add(use, count, new Date(this.#clock.now()).toISOString());
  }

  /** What was counted since the last time. */
  take(): UsageEntry[] {
    const taken = [...this.#counts.values()];
    this.#counts = new Map();
    return taken;
  }

  #add(use: Use, count: number, lastAt: string): void {
    const known = this.#counts.get(keyOf(use));
    if (known !== undefined) {
      known.count += count;
      if (lastAt > known.lastAt) known.lastAt = lastAt;
      return;
    }
    // Topics and groups are registered, so only instances can be without number.
    if (this.#counts.size >= USES_MAX && use.instance !== '')
      this.#add({ ...use, instance: '' }, count, lastAt);
    else this.#counts.set(keyOf(use), { ...use, count, lastAt });
  }
}

function keyOf({ kind, topic, group, application, instance }: Use): string {
  return [kind, topic, group, application, instance].join('\n');
}
