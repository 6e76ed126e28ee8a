import { NomosError } from '@nomos/schemas';

/** Where notices are sent, as the operator of the registry sets it. */
export interface NotifyOptions {
  /** http or https, without a name and password; each notice is posted there as JSON. */
  readonly url: string;
  /** Signs what is sent, so that the receiver can tell it from anybody else's; at least 16 characters. */
  readonly secret?: string;
}

const SECRET_CHARACTERS_MIN = 16;

/**
 * The given options, or those of the variables NOMOS_NOTIFY_URL and NOMOS_NOTIFY_SECRET; undefined when nothing is set.
 *
 * @throws NomosError CONFIGURATION_INVALID.
 */
export function readNotifyOptions(
  given: NotifyOptions | undefined,
  environment: NodeJS.ProcessEnv,
): NotifyOptions | undefined {
  if (given !== undefined) return checked(given);
  const { NOMOS_NOTIFY_URL: url, NOMOS_NOTIFY_SECRET: secret } = environment;
  if (!url && !secret) return undefined;
  return checked({ url: url ?? '', ...(secret ? { secret } : {}) });
}

function checked(options: NotifyOptions): NotifyOptions {
  const { url, secret } = options;
  // The address is not repeated: whoever writes a password into it would find it in the logs.
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  const isUsable = parsed !== undefined && /^https?:$/.test(parsed.protocol);
  if (!isUsable || parsed.username !== '' || parsed.password !== '') {
    throw new NomosError('CONFIGURATION_INVALID', 'The address for notices cannot be used.', {
      fix: 'Set NOMOS_NOTIFY_URL to an address with http or https, without a name and password in it.',
    });
  }
  if (secret !== undefined && secret.length < SECRET_CHARACTERS_MIN) {
    throw new NomosError('CONFIGURATION_INVALID', 'The secret that signs notices is too short.', {
      fix: `Set NOMOS_NOTIFY_SECRET to at least ${SECRET_CHARACTERS_MIN} random characters.`,
    });
  }
  return options;
}
