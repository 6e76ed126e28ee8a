import { type EdgeBundleInput, edgeBundleSchema } from '@nomos/schemas';
import { EdgeCatalog } from './edge-catalog.js';

/** Where the edge gets its bundle from. */
export interface BundleSource {
  /** What the newest bundle says that is known. */
  current(): EdgeCatalog;
  /** False while the registry cannot be reached; grants then stay valid for their grace time. */
  isReachable(): boolean;
  /** Asks for a newer bundle now. Resolves when there is an answer, or none can be had; never throws. */
  refresh(): Promise<void>;
  close(): Promise<void>;
}

/** A bundle that is given, not fetched: for tests, and for a broker without a registry. */
export interface FixedBundleSource extends BundleSource {
  replace(bundle: EdgeBundleInput): void;
}

export function fixedBundleSource(bundle: EdgeBundleInput): FixedBundleSource {
  let present = EdgeCatalog.of(edgeBundleSchema.parse(bundle));
  return {
    current: () => present,
    isReachable: () => true,
    refresh: async () => {},
    close: async () => {},
    replace: (next) => {
      present = EdgeCatalog.of(edgeBundleSchema.parse(next));
    },
  };
}
