import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { NomosError } from '@nomos/schemas';

const FORMAT = 1;
const MARKER = 'registry.json';
const KEY_BYTES = 32;

/**
 * Checks that a data folder, if there is one, is of this version. It changes nothing.
 *
 * @throws NomosError DATA_FOLDER_UNUSABLE when it is not, or cannot be read.
 */
export async function checkDataFolder(path: string): Promise<void> {
  const folder = resolve(path);
  try {
    const text = await readFile(join(folder, MARKER), 'utf8').catch(ignoreMissing);
    if (text !== undefined) checkFormat(text, folder);
  } catch (error) {
    throw unusable(folder, error);
  }
}

/**
 * Makes the data folder if it is missing, and marks it as one of this version.
 *
 * @throws NomosError DATA_FOLDER_UNUSABLE when it cannot be made or written.
 */
export async function markDataFolder(path: string): Promise<void> {
  const folder = resolve(path);
  try {
    await mkdir(folder, { recursive: true });
    const text = `${JSON.stringify({ format: FORMAT })}\n`;
    await writeFile(join(folder, MARKER), text, { mode: 0o644, flag: 'wx' }).catch(ignoreExisting);
  } catch (error) {
    throw unusable(folder, error);
  }
}

function checkFormat(text: string, folder: string): void {
  let format: unknown;
  try {
    format = Object(JSON.parse(text)).format;
  } catch {
    format = undefined;
  }
  if (format === FORMAT) return;
  const found = typeof format === 'number' ? `has format ${format}` : 'has a damaged registry.json';
  throw new NomosError(
    'DATA_FOLDER_UNUSABLE',
    `The data folder ${folder} ${found}; this version reads format ${FORMAT}.`,
    { fix: 'Start the version of Nomos that made it, or choose another folder.' },
  );
}

/**
 * The key that encrypts secrets in the database: the given one (64 hexadecimal digits), or that of the data
 * folder, which is made at the first start.
 *
 * @throws NomosError CONFIGURATION_INVALID or DATA_FOLDER_UNUSABLE.
 */
export async function readSecretKey(dataFolder: string, given: string | undefined): Promise<Uint8Array> {
  if (given !== undefined) return decodeKey(given, 'NOMOS_SECRET_KEY', 'CONFIGURATION_INVALID');
  const file = join(resolve(dataFolder), 'secret.key');
  try {
    const created = randomBytes(KEY_BYTES).toString('hex');
    // Exclusive creation: of two registries that start at once in one folder, both end up with one key.
    await writeFile(file, created, { mode: 0o600, flag: 'wx' }).catch(ignoreExisting);
    return decodeKey(await readFile(file, 'utf8'), `The file ${file}`, 'DATA_FOLDER_UNUSABLE');
  } catch (error) {
    throw unusable(resolve(dataFolder), error);
  }
}

/**
 * A second key that opens what the first one does not, while one takes the place of the other.
 *
 * @throws NomosError CONFIGURATION_INVALID.
 */
export function readPreviousSecretKey(given: string | undefined): Uint8Array | undefined {
  if (!given) return undefined;
  return decodeKey(given, 'NOMOS_SECRET_KEY_PREVIOUS', 'CONFIGURATION_INVALID');
}

function decodeKey(
  text: string,
  source: string,
  code: 'CONFIGURATION_INVALID' | 'DATA_FOLDER_UNUSABLE',
): Uint8Array {
  if (/^[0-9a-fA-F]{64}$/.test(text.trim())) return Buffer.from(text.trim(), 'hex');
  throw new NomosError(code, `${source} does not hold a secret key: 64 hexadecimal digits.`, {
    fix: 'Restore the key that the database was set up with; for a new database: openssl rand -hex 32.',
  });
}

function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}

function ignoreExisting(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EEXIST') throw error;
}

function unusable(folder: string, error: unknown): NomosError {
  if (error instanceof NomosError) return error;
  const reason = error instanceof Error ? error.message : String(error);
  return new NomosError('DATA_FOLDER_UNUSABLE', `The data folder ${folder} cannot be used: ${reason}.`, {
    cause: error,
  });
}
