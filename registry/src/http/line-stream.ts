import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Response } from 'express';
import type { Answer } from './route.js';

/**
 * Sends objects as they come, one JSON text a line, as fast as the client reads them. What fails before the first
 * one is thrown and becomes a problem document; a later failure breaks the connection off, so that nobody takes
 * half an answer for a whole one.
 */
export async function sendLines(
  response: Response,
  { status, headers = {} }: Answer,
  stream: AsyncIterable<object>,
  clientLeft: AbortSignal,
): Promise<void> {
  const iterator = stream[Symbol.asyncIterator]();
  const first = await iterator.next();
  response.status(status).type('application/x-ndjson');
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  try {
    await pipeline(Readable.from(linesOf(first, iterator)), response);
  } catch (error) {
    if (!clientLeft.aborted) throw error;
  }
}

async function* linesOf(first: IteratorResult<object>, iterator: AsyncIterator<object>) {
  try {
    for (let next = first; next.done !== true; next = await iterator.next()) {
      yield `${JSON.stringify(next.value)}\n`;
    }
  } finally {
    await iterator.return?.();
  }
}
