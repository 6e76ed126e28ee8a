import { randomBytes } from 'node:crypto';
import { NomosError } from '@nomos/schemas';
import { readIfThere, writeDurably } from './data-folder.js';

const ACCESS_KEY = 'nomos-admin';
const SECRET_BYTES = 24;

/**
 * The access key of the broker's admin plane: made at the first start and kept in a file that only the broker's
 * user can read. Throws DATA_FOLDER_UNUSABLE when the file holds something else.
 */
export function readAdminCredentials(file: string): { accessKey: string; secretKey: string } {
  const text = readIfThere(file);
  if (text === undefined) {
    const credentials = { accessKey: ACCESS_KEY, secretKey: randomBytes(SECRET_BYTES).toString('base64url') };
    writeDurably(file, `${JSON.stringify(credentials)}\n`);
    return credentials;
  }
  const content = parse(text);
  if (typeof content === 'object' && content !== null && 'accessKey' in content && 'secretKey' in content) {
    const { accessKey, secretKey } = content;
    const isUsable = typeof accessKey === 'string' && typeof secretKey === 'string';
    if (isUsable && accessKey !== '' && secretKey !== '') return { accessKey, secretKey };
  }
  throw new NomosError('DATA_FOLDER_UNUSABLE', `${file} does not hold an access key and its secret.`, {
    fix: 'Restore the file, or remove it: the broker then makes a new key for its admin plane.',
  });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
