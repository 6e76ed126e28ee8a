import { createHmac } from 'node:crypto';
import { NomosError } from '@nomos/schemas';
import type { SendNotice } from '../domain/notices/notices.js';
import type { NotifyOptions } from './notify-options.js';

const ANSWER_MS_MAX = 5_000;

/** Posts notices to an address. What is signed is the body, byte by byte, with HMAC-SHA-256. */
export function postNotice({ url, secret }: NotifyOptions): SendNotice {
  return async (notice) => {
    const body = JSON.stringify(notice);
    const signature =
      secret === undefined ? undefined : createHmac('sha256', secret).update(body).digest('hex');
    const response = await fetch(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(signature === undefined ? {} : { 'nomos-signature': `sha256=${signature}` }),
      },
      body,
      signal: AbortSignal.timeout(ANSWER_MS_MAX),
      // A notice goes where the operator said, not where somebody there sends it.
      redirect: 'error',
    });
    await response.body?.cancel();
    if (response.ok) return;
    throw new NomosError('UNAVAILABLE', `The receiver of notices answered ${response.status}.`);
  };
}
