import { NomosError } from '@nomos/schemas';

/**
 * Reads JSON as RocketMQ's servers write it: keys that are numbers come without quotation marks
 * (`{0:"127.0.0.1:10911"}`), which JSON proper does not allow.
 *
 * @throws NomosError BROKER_REFUSED on anything else than an object.
 */
export function readFastjson(body: Buffer): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(quoteNumericKeys(body.toString('utf8')));
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  } catch {
    // Told below: what was sent could hold anything and is not repeated.
  }
  throw new NomosError('BROKER_REFUSED', 'The broker answered with a body that cannot be read as JSON.');
}

/** Every text is matched as a whole, so that nothing inside one is taken for a key; linear in the input. */
const TEXT_OR_NUMERIC_KEY = /"(?:[^"\\]|\\.)*"|(?<=[{,])(-?\d{1,19})(?=:)/g;

function quoteNumericKeys(text: string): string {
  return text.replaceAll(TEXT_OR_NUMERIC_KEY, (found, key: string | undefined) =>
    key === undefined ? found : `"${key}"`,
  );
}
