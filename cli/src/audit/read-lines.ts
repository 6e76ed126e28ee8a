import { NomosError } from '@nomos/schemas';

/** No event is longer: the bodies that the registry accepts, before and after, have a megabyte each. */
const LINE_CHARACTERS_MAX = 8 * 1024 * 1024;

/** The lines of a stream of bytes, with no more than one of them in memory. */
export async function* readLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let pending = '';
  for await (const chunk of chunks) {
    pending += decoder.decode(chunk, { stream: true });
    const lines = pending.split('\n');
    pending = lines.pop() ?? '';
    yield* lines;
    if (pending.length > LINE_CHARACTERS_MAX) {
      throw new NomosError('INPUT_INVALID', `A line has more than ${LINE_CHARACTERS_MAX} characters.`, {
        fix: 'Give an export of the audit log: one JSON object a line.',
      });
    }
  }
  pending += decoder.decode();
  if (pending !== '') yield pending;
}
