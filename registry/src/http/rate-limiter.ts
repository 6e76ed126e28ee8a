import { RecentEntries } from './recent-entries.js';

/** How much one key may take: `burst` at once, and `perSecond` in the long run. */
export interface Rate {
  readonly burst: number;
  readonly perSecond: number;
}

interface Bucket {
  tokens: number;
  atMs: number;
}

/** Keys that are remembered; the one that was quiet for longest is forgotten first, and begins anew. */
const KEYS_MAX = 50_000;

/**
 * Token buckets by key, in bounded memory and without timers. It counts for this process only: several registries
 * on one database let through so many times as much.
 */
export class RateLimiter {
  readonly #rate: Rate;
  readonly #nowMs: () => number;
  readonly #buckets = new RecentEntries<Bucket>(KEYS_MAX);

  /** @param nowMs a clock that never goes back */
  constructor(rate: Rate, nowMs: () => number) {
    this.#rate = rate;
    this.#nowMs = nowMs;
  }

  /** Takes one, if there is one. Returns the milliseconds until there is, 0 when it was taken. */
  take(key: string): number {
    const bucket = this.#bucketOf(key);
    const waitMs = this.#waitMs(bucket);
    if (waitMs > 0) return waitMs;
    bucket.tokens -= 1;
    this.#buckets.set(key, bucket);
    return 0;
  }

  /** The milliseconds until one can be taken, 0 when now. */
  waitMs(key: string): number {
    return this.#waitMs(this.#bucketOf(key));
  }

  #bucketOf(key: string): Bucket {
    const { burst, perSecond } = this.#rate;
    const nowMs = this.#nowMs();
    const bucket = this.#buckets.get(key);
    if (bucket === undefined) return { tokens: burst, atMs: nowMs };
    bucket.tokens = Math.min(burst, bucket.tokens + ((nowMs - bucket.atMs) * perSecond) / 1000);
    bucket.atMs = nowMs;
    return bucket;
  }

  #waitMs({ tokens }: Bucket): number {
    return tokens >= 1 ? 0 : ((1 - tokens) * 1000) / this.#rate.perSecond;
  }
}
