import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import {
  type Admission,
  admissionSchema,
  canonicalMessageFilter,
  type GrantClaims,
  type Logger,
  NomosError,
} from '@nomos/schemas';
import type { Intent } from './manifest.js';
import { readGrant } from './read-grant.js';

/** Different sets of groups of one application that are remembered on one machine. */
const KEPT_MAX = 16;

/** A grant is good for whoever has it, so nobody else may read it. */
const FOLDER_MODE = 0o700;
const FILE_MODE = 0o600;

interface Kept {
  readonly registry: string;
  readonly admission: Admission;
}

/** Where the state of all programs of this user is kept unless told otherwise. */
export function defaultStateFolder(environment: NodeJS.ProcessEnv = process.env): string {
  const state = environment.XDG_STATE_HOME || join(homedir(), '.local', 'state');
  return environment.NOMOS_STATE || join(state, 'nomos');
}

export interface KeptAdmissionsOptions {
  readonly folder: string;
  /** Admissions of another registry are not looked at. */
  readonly registry: string;
  readonly application: string;
  readonly environment: string;
  readonly log: Logger;
}

/**
 * The last admissions of an application, on disk: with one of them a process that is restarted while the registry
 * is away does what it did before. They hold signed grants, which end, and never credentials.
 */
export class KeptAdmissions {
  readonly #options: KeptAdmissionsOptions;
  readonly #prefix: string;
  #hasWarned = false;
  #writing: Promise<void> = Promise.resolve();

  constructor(options: KeptAdmissionsOptions) {
    this.#options = options;
    this.#prefix = `${options.application}-${options.environment}-`;
  }

  /** Keeps an admission beside those of other groups. A failure is logged and otherwise has no effect. */
  keep(admission: Admission): Promise<void> {
    this.#writing = this.#writing.then(() => this.#write(admission)).catch((error) => this.#warn(error));
    return this.#writing;
  }

  /** The newest admission that allows all of it and has not ended, not even with its grace time. */
  async find(intents: readonly Intent[]): Promise<Admission | undefined> {
    for (const path of await this.#newestFirst()) {
      const admission = await this.#read(path);
      if (admission === undefined) continue;
      const { exp, grace, ...claims } = readGrant(admission.grant);
      if ((exp + grace) * 1000 > Date.now() && covers(claims, intents)) return admission;
    }
    return undefined;
  }

  async #write(admission: Admission): Promise<void> {
    const { folder, registry } = this.#options;
    await mkdir(folder, { recursive: true, mode: FOLDER_MODE });
    const path = join(folder, `${this.#prefix}${fingerprint(registry, admission)}.json`);
    const temporary = `${path}.${process.pid}.tmp`;
    const kept: Kept = { registry, admission };
    await writeFile(temporary, JSON.stringify(kept), { mode: FILE_MODE });
    await rename(temporary, path);
    for (const old of (await this.#newestFirst()).slice(KEPT_MAX)) await rm(old, { force: true });
  }

  async #read(path: string): Promise<Admission | undefined> {
    try {
      const kept: Partial<Kept> = Object(JSON.parse(await readFile(path, 'utf8')));
      if (kept.registry !== this.#options.registry) return undefined;
      const admission = admissionSchema.parse(kept.admission);
      readGrant(admission.grant);
      return admission;
    } catch {
      // Damaged, gone, or of another version: as good as none.
      return undefined;
    }
  }

  async #newestFirst(): Promise<string[]> {
    const { folder } = this.#options;
    const names = await readdir(folder).catch(() => []);
    const paths = names
      .filter((name) => name.startsWith(this.#prefix) && name.endsWith('.json'))
      .map((name) => join(folder, name));
    const aged = await Promise.all(
      paths.map(async (path) => ({ path, atMs: (await stat(path).catch(() => undefined))?.mtimeMs ?? 0 })),
    );
    return aged.sort((one, other) => other.atMs - one.atMs).map(({ path }) => path);
  }

  #warn(error: unknown): void {
    if (this.#hasWarned) return;
    this.#hasWarned = true;
    const reason = NomosError.from(error).message;
    this.#options.log.warn(
      { folder: this.#options.folder, reason },
      'the grant cannot be kept, so this application cannot start while the registry is away',
    );
  }
}

/** Whether a grant allows all that is intended. */
export function covers(
  { producers, consumers }: Pick<GrantClaims, 'producers' | 'consumers'>,
  intents: readonly Intent[],
): boolean {
  return intents.every((intent) => {
    if (intent.kind === 'producer') {
      const granted = producers.find(({ group }) => group === intent.group)?.topics;
      return granted !== undefined && intent.topics.every((topic) => granted.includes(topic));
    }
    const granted = consumers.find(({ group }) => group === intent.group)?.subscriptions;
    if (granted === undefined || granted.length !== intent.subscriptions.length) return false;
    return intent.subscriptions.every(({ topic, filter }) => {
      const one = granted.find((candidate) => candidate.topic === topic);
      if (one === undefined) return false;
      // While a change runs, the grant's filter is that of both sides together.
      return (
        one.change !== undefined || canonicalMessageFilter(one.filter) === canonicalMessageFilter(filter)
      );
    });
  });
}

/** Tells apart what different programs of an application do, so that they do not overwrite each other's. */
function fingerprint(registry: string, { grant }: Admission): string {
  const { producers, consumers } = readGrant(grant);
  const content = JSON.stringify([
    registry,
    producers.map(({ group }) => group).sort(),
    consumers.map(({ group }) => group).sort(),
  ]);
  return createHash('sha256').update(content).digest('hex').slice(0, 16);
}
