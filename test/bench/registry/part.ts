import type { CreatedCredential } from '@nomos/schemas';
import type { Goal } from '../benchmark.js';
import type { RegistryProcess } from './registry-process.js';

/** What one part of the benchmark found; the figures' names get the part's name in front. */
export interface PartResult {
  readonly goals: readonly Goal[];
  readonly figures: Readonly<Record<string, number>>;
}

/** A registry in which the application that is measured is registered. */
export interface PreparedRegistry {
  readonly registry: RegistryProcess;
  readonly credential: CreatedCredential;
}

/** What a part gets to work with. */
export interface PartContext {
  /** A registry with the measured application and nothing else; the same for all parts. */
  empty(): Promise<PreparedRegistry>;
  /** One with 100,000 topics and 20,000 groups beside it; the same for all parts. */
  full(): Promise<PreparedRegistry>;
  /** A temporary folder. */
  readonly folder: string;
  /** Aborted when the benchmark is to end early. */
  readonly signal: AbortSignal;
  note(line: string): void;
}

/** One question that the benchmark answers. */
export interface Part {
  readonly name: string;
  run(context: PartContext): Promise<PartResult>;
}
