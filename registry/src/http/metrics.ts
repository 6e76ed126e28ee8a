import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Clock } from '../domain/clock.js';
import type { Database } from '../domain/repositories.js';

/** Fine where the goals are (an admission within 50 ms, a list within 100 ms), coarse where nobody waits. */
const DURATION_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 30];
const EVENT_LOOP_RESOLUTION_MS = 20;
const EVENT_LOOP_QUANTILES = [0.5, 0.99, 1];
const REACHABLE_MS_MAX = 1_000;
const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);
const NANOSECONDS = 1e9;

/** A request that was answered. */
export interface AnsweredRequest {
  /** The id of the route; undefined when there is none. */
  readonly route: string | undefined;
  readonly method: string;
  readonly status: number;
  readonly durationMs: number;
}

/**
 * What Prometheus may know of a registry. Labels are only what the registry itself makes (ids of routes, codes of
 * environments), so that no caller can make up series. Each metric is described in docs/registry/api.md.
 */
export class Metrics {
  readonly #registry = new Registry();
  readonly #database: Database;
  readonly #clock: Clock;
  readonly #eventLoop: IntervalHistogram;
  readonly #requests: Histogram<'route' | 'method' | 'status'>;
  readonly #purged: Counter<'kind'>;
  readonly #sessions: Gauge<'environment'>;
  readonly #revisions: Gauge<'environment'>;
  readonly #databaseUp: Gauge;

  constructor(database: Database, clock: Clock, version: string) {
    this.#database = database;
    this.#clock = clock;
    this.#eventLoop = monitorEventLoopDelay({ resolution: EVENT_LOOP_RESOLUTION_MS });
    this.#eventLoop.enable();
    const registers = [this.#registry];
    this.#requests = new Histogram({
      name: 'nomos_http_request_duration_seconds',
      help: 'Answered requests by route, method and status, and how long they took',
      labelNames: ['route', 'method', 'status'],
      buckets: DURATION_SECONDS,
      registers,
    });
    this.#purged = new Counter({
      name: 'nomos_purged_total',
      help: 'Rows that were removed because their time was over, by kind',
      labelNames: ['kind'],
      registers,
    });
    this.#sessions = new Gauge({
      name: 'nomos_sessions_live',
      help: 'Live sessions by environment',
      labelNames: ['environment'],
      registers,
    });
    this.#revisions = new Gauge({
      name: 'nomos_environment_revision',
      help: 'How often what the edges of an environment must know has changed',
      labelNames: ['environment'],
      registers,
    });
    this.#databaseUp = new Gauge({
      name: 'nomos_database_up',
      help: '1 when the database answers, otherwise 0',
      registers,
    });
    this.#describeProcess(version);
  }

  observeRequest({ route = 'none', method, status, durationMs }: AnsweredRequest): void {
    const known = METHODS.has(method) ? method : 'other';
    this.#requests.observe({ route, method: known, status: `${status}` }, durationMs / 1000);
  }

  /** `kind` is what was removed, for instance `session`. */
  countPurged(kind: string, count: number): void {
    this.#purged.inc({ kind }, count);
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  /** All metrics in Prometheus' text format. While the database is away, without what it knows. */
  async expose(): Promise<string> {
    const isUp = await this.#database.isReachable(REACHABLE_MS_MAX);
    this.#databaseUp.set(isUp ? 1 : 0);
    this.#sessions.reset();
    this.#revisions.reset();
    if (isUp) await this.#readDatabase();
    return this.#registry.metrics();
  }

  close(): void {
    this.#eventLoop.disable();
  }

  async #readDatabase(): Promise<void> {
    const { environments, sessions } = this.#database.repositories;
    const codes = (await environments.list({})).map(({ code }) => code);
    const live = await sessions.countLiveByEnvironment(this.#clock());
    for (const [environment, { revision }] of await environments.counts(codes)) {
      this.#revisions.set({ environment }, revision);
      this.#sessions.set({ environment }, live.get(environment) ?? 0);
    }
  }

  /** What is known without waiting is read when it is asked for. */
  #describeProcess(version: string): void {
    const registers = [this.#registry];
    const database = this.#database;
    const eventLoop = this.#eventLoop;
    new Gauge({
      name: 'nomos_registry_info',
      help: 'Always 1; the version of the registry and of Node as labels',
      labelNames: ['version', 'node'],
      registers,
    }).set({ version, node: process.version }, 1);
    new Gauge({
      name: 'nomos_database_connections',
      help: 'Connections to the database: busy, idle, calls waiting for one, and the most there may be',
      labelNames: ['state'],
      registers,
      collect() {
        for (const [state, count] of Object.entries(database.poolState())) this.set({ state }, count);
      },
    });
    new Gauge({
      name: 'nomos_event_loop_delay_seconds',
      help: 'How late the event loop was since the last scrape, by quantile',
      labelNames: ['quantile'],
      registers,
      collect() {
        for (const quantile of EVENT_LOOP_QUANTILES) {
          const delay = quantile === 1 ? eventLoop.max : eventLoop.percentile(quantile * 100);
          this.set({ quantile: `${quantile}` }, eventLoop.count === 0 ? 0 : delay / NANOSECONDS);
        }
        eventLoop.reset();
      },
    });
    new Gauge({
      name: 'process_resident_memory_bytes',
      help: 'Memory of the process',
      registers,
      collect() {
        this.set(process.memoryUsage.rss());
      },
    });
    new Gauge({
      name: 'process_start_time_seconds',
      help: 'When the process started, in seconds since 1970',
      registers,
    }).set(Math.floor(Date.now() / 1000 - process.uptime()));
  }
}
