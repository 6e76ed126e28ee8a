import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Response } from 'express';
import { type Answer, LINES } from './route.js';

const BLOCK_CHARACTERS = 64 * 1024;
/** Progress must be seen while it is made. */
const BLOCK_MS = 100;

/**
 * Sends objects as they come, one JSON text a line, as fast as the client reads them. What fails before the first
 * one is thrown and becomes a problem document; a later failure breaks the connection off, so that nobody takes
 * half an answer for a whole one.
 */
export async function sendLines(
  response: Response,
  { status, headers = {} }: Answer,
  stream: AsyncIterable<object>,
): Promise<void> {
  const iterator = stream[Symbol.asyncIterator]();
  const first = await iterator.next();
  response.status(status).type(LINES);
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  // HEAD asks for the headers of GET only.
  if (response.req.method === 'HEAD') {
    await iterator.return?.();
    response.end();
    return;
  }
  await pipeline(Readable.from(blocksOf(first, iterator)), response).catch((error: NodeJS.ErrnoException) => {
    // A client that goes away is no mistake of ours.
    if (error.code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error;
  });
}

/** Lines that are there at once go in blocks, since a write for each would cost more than the line itself. */
async function* blocksOf(first: IteratorResult<object>, iterator: AsyncIterator<object>) {
  let block = '';
  let blockSince = performance.now();
  try {
    for (let next = first; next.done !== true; next = await iterator.next()) {
      block += `${JSON.stringify(next.value)}\n`;
      if (block.length < BLOCK_CHARACTERS && performance.now() - blockSince < BLOCK_MS) continue;
      yield block;
      block = '';
      blockSince = performance.now();
    }
    if (block !== '') yield block;
  } finally {
    await iterator.return?.();
  }
}
