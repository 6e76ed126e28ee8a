import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Request, Response } from 'express';
import { matchesIfNoneMatch } from './entity-tag.js';
import type { Answer } from './route.js';

/** Sends what a route answered; to a client that has it already, only that it has (RFC 9110, 13.1.2). */
export async function sendAnswer(
  request: Request,
  response: Response,
  { status, body, text, chunks, headers = {} }: Answer,
): Promise<void> {
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  const etag = response.getHeader('etag');
  const isRead = request.method === 'GET' || request.method === 'HEAD';
  if (isRead && status === 200 && typeof etag === 'string') {
    if (matchesIfNoneMatch(request.header('if-none-match'), etag)) {
      response.status(304).end();
      return;
    }
  }
  response.status(status);
  if (chunks !== undefined) return sendChunks(response, chunks);
  const content = text ?? (body === undefined ? undefined : JSON.stringify(body));
  if (content === undefined) {
    response.end();
    return;
  }
  if (!response.hasHeader('content-type'))
    response.type(text === undefined ? 'application/json' : 'text/plain');
  // Not `send`, which answers 304 by rules of its own.
  response.setHeader('Content-Length', Buffer.byteLength(content));
  response.end(content);
}

/** Makes no more than the client takes. What fails on the way breaks the connection, so that nobody takes a part for all. */
async function sendChunks(response: Response, chunks: AsyncIterable<string>): Promise<void> {
  // HEAD asks for the headers of GET only.
  if (response.req.method === 'HEAD') {
    response.end();
    return;
  }
  await pipeline(Readable.from(chunks), response).catch((error: NodeJS.ErrnoException) => {
    // A client that goes away is no mistake of ours.
    if (error.code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error;
  });
}
