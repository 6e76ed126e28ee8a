import { createHash } from 'node:crypto';
import type { Manifest } from '@nomos/schemas';
import type { AdmissionFacts } from './admission-facts.js';

const KEPT_MAX = 1_000;
/** Topics that a manifest may name to be kept, so that what is kept stays small. */
const TOPICS_MAX = 100;
/** For how long: norms and waivers begin and end by the clock, which no mark tells. */
const KEPT_MS = 60_000;

interface Examined {
  readonly mark: string;
  readonly facts: AdmissionFacts;
  readonly until: Date;
}

/**
 * The facts of manifests that may go on, so that a renewal under the same mark need not read them again. The
 * instances of a deployment name the same, so they share them.
 */
export class ExaminedManifests {
  readonly #examined = new Map<string, Examined>();

  /** The facts, if what was found under them still holds. */
  find(manifest: Manifest, mark: string, now: Date): AdmissionFacts | undefined {
    const found = this.#examined.get(digestOf(manifest));
    return found !== undefined && found.mark === mark && found.until > now ? found.facts : undefined;
  }

  /** Keeps facts that are not older than the mark. While subscriptions change, each renewal looks anew. */
  keep(manifest: Manifest, mark: string, facts: AdmissionFacts, now: Date): void {
    if (facts.changes.size > 0 || facts.topics.size + facts.publishable.length > TOPICS_MAX) return;
    const digest = digestOf(manifest);
    this.#examined.delete(digest);
    this.#examined.set(digest, { mark, facts, until: new Date(now.getTime() + KEPT_MS) });
    const [oldest] = this.#examined.keys();
    if (this.#examined.size > KEPT_MAX && oldest !== undefined) this.#examined.delete(oldest);
  }
}

/** What facts depend on; an instance and its SDK are not part of it. */
function digestOf({ application, environment, producers, consumers }: Manifest): string {
  const text = JSON.stringify([application, environment, producers, consumers]);
  return createHash('sha256').update(text).digest('base64');
}
