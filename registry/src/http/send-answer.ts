import type { Request, Response } from 'express';
import { matchesIfNoneMatch } from './entity-tag.js';
import { sendLines } from './line-stream.js';
import type { Answer } from './route.js';

/** Sends what a route answered; to a client that has it already, only that it has (RFC 9110, 13.1.2). */
export async function sendAnswer(request: Request, response: Response, answer: Answer): Promise<void> {
  const { status, body, text, bytes, stream, headers = {} } = answer;
  if (stream !== undefined) return sendLines(response, answer, stream);
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
  const content = bytes ?? text ?? (body === undefined ? undefined : JSON.stringify(body));
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
