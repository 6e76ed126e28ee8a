import {
  accessSync,
  constants,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { NomosError } from '@nomos/schemas';

/** The layout that this version writes; a folder of another layout is refused, never converted silently. */
const FORMAT = 1;
const MARKER = 'nomos.json';

/** The places of one platform's data. */
export interface DataFolder {
  readonly root: string;
  readonly registry: string;
  readonly broker: string;
}

/**
 * Where `nomos up` keeps its data unless told otherwise: what the Filesystem Hierarchy Standard and the
 * XDG specification give for state. For root it is not the home folder, because Postgres refuses to run
 * as root, and the account it runs as cannot enter root's home.
 */
export function defaultDataFolder(environment: NodeJS.ProcessEnv = process.env): string {
  if (environment.NOMOS_DATA) return environment.NOMOS_DATA;
  if (process.getuid?.() === 0) return '/var/lib/nomos';
  return join(environment.XDG_DATA_HOME || join(homedir(), '.local', 'share'), 'nomos');
}

/**
 * Opens a data folder, or makes an empty one. Throws DATA_FOLDER_UNUSABLE when it cannot be written, holds
 * something else, or was written by another version; nothing is changed then.
 */
export function openDataFolder(root: string): DataFolder {
  try {
    // Others may pass through, not look: the account that Postgres runs as has to reach its own folder.
    mkdirSync(root, { recursive: true, mode: 0o711 });
    if (!statSync(root).isDirectory()) throw new Error('it is not a folder');
    accessSync(root, constants.R_OK | constants.W_OK | constants.X_OK);
    claim(root);
  } catch (error) {
    if (error instanceof NomosError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new NomosError('DATA_FOLDER_UNUSABLE', `The data folder ${root} cannot be used: ${reason}.`, {
      fix: 'Give a folder that you may write with --data, or correct its permissions.',
      cause: error,
    });
  }
  return { root, registry: join(root, 'registry'), broker: join(root, 'broker') };
}

function claim(root: string): void {
  const marker = join(root, MARKER);
  const text = readIfPresent(marker);
  if (text === undefined) {
    // Somebody's sources, given by mistake, are not to be mixed with a database.
    if (readdirSync(root).length > 0) {
      throw new NomosError(
        'DATA_FOLDER_UNUSABLE',
        `The folder ${root} holds something else than data of Nomos.`,
        {
          fix: 'Give an empty folder with --data, or one that does not exist yet.',
        },
      );
    }
    writeFileSync(marker, `${JSON.stringify({ format: FORMAT })}\n`, { flag: 'wx', mode: 0o644 });
    return;
  }
  const format = formatOf(text);
  if (format === FORMAT) return;
  throw new NomosError(
    'DATA_FOLDER_UNUSABLE',
    `The data folder ${root} has format ${format ?? 'unknown'}, this version of Nomos has format ${FORMAT}.`,
    { fix: `Use the version of Nomos that wrote it, or another folder (see ${marker}).` },
  );
}

function readIfPresent(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

function formatOf(text: string): unknown {
  try {
    return (JSON.parse(text) as { format?: unknown }).format;
  } catch {
    return undefined;
  }
}
