import type { Access, Tolerance } from '../plan.js';
import type { EngineCapability, Row } from '../row.js';

/** The names that a row's own words for its topics and groups stand for. */
export interface RowNames {
  readonly topics: Readonly<Record<string, string>>;
  readonly groups: Readonly<Record<string, string>>;
}

/** What is judged: a server that speaks RocketMQ's v2 protocol, with the topics and groups of the rows. */
export interface Engine {
  readonly capabilities: ReadonlySet<EngineCapability>;
  readonly tolerance: Tolerance;
  /** Makes the topics and groups of a row. Throws when the engine refuses one; the row then fails. */
  provide(row: Row, names: RowNames): Promise<void>;
  /** To be called when everything is provided: from then on clients may come. */
  open(): Promise<Access>;
  close(): Promise<void>;
}
