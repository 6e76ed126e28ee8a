import type { Goal } from '../benchmark.js';
import type { CatalogOfBench } from './bench-catalog.js';
import type { BrokerProcess } from './broker-process.js';

/** What one part of the benchmark found; the figures' names get the part's name in front. */
export interface PartResult {
  readonly goals: readonly Goal[];
  readonly figures: Readonly<Record<string, number>>;
}

/** What a part gets to work with. */
export interface PartContext {
  /** How many unread messages make a backlog. */
  readonly backlogMessages: number;
  /** A temporary folder, on the disk that the brokers use too. */
  readonly folder: string;
  /** Aborted when the benchmark is to end early. */
  readonly signal: AbortSignal;
  /** Starts a broker with an empty data folder in a process of its own; it is stopped when the part ends. */
  startBroker(catalog: CatalogOfBench): Promise<BrokerProcess>;
  /** Tells a person how far it has come. */
  note(line: string): void;
}

/** One question that the benchmark answers, in about 20 s or less. */
export interface Part {
  readonly name: string;
  run(context: PartContext): Promise<PartResult>;
}
