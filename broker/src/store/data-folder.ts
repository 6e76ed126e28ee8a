import { randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { NomosError } from '@nomos/schemas';

/** Counts the incompatible changes of what is in the folder. */
const FORMAT = 3;
const RECEIPT_KEY_BYTES = 32;

/** The broker's folder, open: nobody else may open it until it is closed. */
export interface DataFolder {
  readonly storeFile: string;
  readonly bundleFile: string;
  /** The certificate that the broker made for itself, with its key. */
  readonly certificateFile: string;
  /** The access key of the admin plane. */
  readonly adminKeyFile: string;
  /** The secret with which handles are sealed that clients keep: receipts, recalls, transactions. */
  readonly handleKey: Buffer;
  /** Gives the folder free. */
  close(): void;
}

/**
 * Opens or creates a data folder, readable by its owner only. Throws DATA_FOLDER_UNUSABLE when it is in use,
 * of another format, or not accessible.
 */
export function openDataFolder(path: string): DataFolder {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    const lockFile = join(path, 'broker.lock');
    takeLock(path, lockFile);
    try {
      checkFormat(path);
      return {
        storeFile: join(path, 'broker.mdb'),
        bundleFile: join(path, 'edge-bundle.json'),
        certificateFile: join(path, 'self-signed.pem'),
        adminKeyFile: join(path, 'admin-key.json'),
        handleKey: readHandleKey(path),
        close: () => rmSync(lockFile, { force: true }),
      };
    } catch (error) {
      rmSync(lockFile, { force: true });
      throw error;
    }
  } catch (error) {
    if (error instanceof NomosError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new NomosError('DATA_FOLDER_UNUSABLE', `The data folder ${path} cannot be used: ${reason}.`, {
      fix: 'Give the user that runs the broker read and write permission, or choose another folder.',
      cause: error,
    });
  }
}

function takeLock(path: string, lockFile: string): void {
  // The file appears with its content in one step (a link), so that nobody reads a half-written one.
  const ownFile = `${lockFile}.${process.pid}.${randomBytes(4).toString('hex')}`;
  writeFileSync(ownFile, `${process.pid}\n${startOfProcess(process.pid) ?? ''}\n`, { mode: 0o600 });
  try {
    for (;;) {
      try {
        linkSync(ownFile, lockFile);
        return;
      } catch (error) {
        if (!isCode(error, 'EEXIST')) throw error;
      }
      removeStaleLock(path, lockFile);
    }
  } finally {
    rmSync(ownFile, { force: true });
  }
}

function removeStaleLock(path: string, lockFile: string): void {
  const holder = readIfThere(lockFile);
  if (holder === undefined) return;
  const [pidText = '', start = ''] = holder.split('\n');
  const pid = Number(pidText);
  if (isRunning(pid, start)) {
    throw new NomosError('DATA_FOLDER_UNUSABLE', `The data folder ${path} is in use by process ${pid}.`, {
      fix: 'Stop that broker, or choose another folder.',
    });
  }
  // Moved first and looked at again: another broker may have taken the lock over in the meantime.
  const staleFile = `${lockFile}.stale.${process.pid}`;
  try {
    renameSync(lockFile, staleFile);
  } catch (error) {
    if (isCode(error, 'ENOENT')) return;
    throw error;
  }
  if (readIfThere(staleFile) !== holder) linkSync(staleFile, lockFile);
  rmSync(staleFile, { force: true });
}

/** Whether the process that took the lock still runs; another one may have got its number since. */
function isRunning(pid: number, start: string): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (!isCode(error, 'EPERM')) return false;
  }
  return start === '' || startOfProcess(pid) === start;
}

/** When a process started, in the kernel's own count; undefined where there is no /proc. */
function startOfProcess(pid: number): string | undefined {
  const stat = readIfThere(`/proc/${pid}/stat`);
  // The second field is the command in parentheses and may hold anything; the start is the 22nd.
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
}

function checkFormat(path: string): void {
  const file = join(path, 'broker.json');
  const text = readIfThere(file);
  if (text === undefined) {
    writeDurably(file, `${JSON.stringify({ format: FORMAT })}\n`);
    return;
  }
  const found = readFormat(text);
  if (found === FORMAT) return;
  throw new NomosError(
    'DATA_FOLDER_UNUSABLE',
    `${file} says format ${JSON.stringify(found)}; this broker reads format ${FORMAT}.`,
    { fix: 'Use the version of Nomos that wrote the folder, or choose another folder.' },
  );
}

function readFormat(text: string): unknown {
  try {
    const content: unknown = JSON.parse(text);
    return typeof content === 'object' && content !== null && 'format' in content ? content.format : content;
  } catch {
    return text.slice(0, 40);
  }
}

function readHandleKey(path: string): Buffer {
  const file = join(path, 'receipt-key');
  const text = readIfThere(file);
  if (text !== undefined) {
    const key = Buffer.from(text.trim(), 'base64url');
    if (key.length === RECEIPT_KEY_BYTES) return key;
    throw new NomosError(
      'DATA_FOLDER_UNUSABLE',
      `${file} does not hold a key of ${RECEIPT_KEY_BYTES} bytes.`,
      {
        fix: 'Restore the file, or remove it: messages that are being worked on are then delivered again.',
      },
    );
  }
  const key = randomBytes(RECEIPT_KEY_BYTES);
  writeDurably(file, `${key.toString('base64url')}\n`);
  return key;
}

/** Writes a file beside, then moves it into place, so that a crash leaves the old one or the new one. */
export function writeDurably(file: string, text: string): void {
  const besides = `${file}.${process.pid}.new`;
  const descriptor = openSync(besides, 'w', 0o600);
  try {
    writeSync(descriptor, text);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  renameSync(besides, file);
}

/** Adds to a file that is there; what was added is there after a crash, or a beginning of it. */
export function appendDurably(file: string, text: string): void {
  const descriptor = openSync(file, constants.O_WRONLY | constants.O_APPEND);
  try {
    writeSync(descriptor, text);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** The text of a file; undefined when there is none. */
export function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (isCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
