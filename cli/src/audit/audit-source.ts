import { createReadStream } from 'node:fs';
import { type Anchor, type AuditEvent, parseAnchor, parseAuditEvent } from '@nomos/registry/audit';
import { NomosError, problemSchema } from '@nomos/schemas';
import { readLines } from './read-lines.js';

/** How long a registry may take to begin its answer; the export itself may take long. */
const ANSWER_MS_MAX = 30_000;

/** An export of the audit log, wherever it comes from. */
export interface AuditSource {
  readonly lines: AsyncIterable<string>;
  /** What the sender said the last event would be, so that an end that was lost on the way shows. */
  readonly announced?: Anchor;
}

/** The export in a file. @throws NomosError INPUT_INVALID, while it is read, when that is not possible. */
export function openFile(path: string): AuditSource {
  return { lines: readFileLines(path) };
}

async function* readFileLines(path: string): AsyncGenerator<string> {
  try {
    yield* readLines(createReadStream(path));
  } catch (error) {
    if (error instanceof NomosError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new NomosError('INPUT_INVALID', `The export ${path} cannot be read: ${reason}.`, { cause: error });
  }
}

/** The export that a registry makes now. @throws NomosError, the registry's own or UNAVAILABLE. */
export async function openRegistry(url: string, token: string): Promise<AuditSource> {
  const response = await ask(url, token);
  const type = response.headers.get('content-type') ?? '';
  if (!response.ok) throw refusalOf(response.status, await response.json().catch(() => undefined));
  if (response.body === null || !type.startsWith('application/x-ndjson')) {
    throw new NomosError('UNAVAILABLE', `${url} did not answer with an export; it answered with "${type}".`, {
      fix: 'Check the URL of the registry.',
    });
  }
  const head = response.headers.get('nomos-audit-head') ?? '';
  const lines = readLines(response.body);
  return /^[1-9][0-9]*:[0-9a-f]{64}$/.test(head) ? { lines, announced: parseAnchor(head) } : { lines };
}

/** The events of an export, one after another. */
export async function* readEvents(lines: AsyncIterable<string>): AsyncGenerator<AuditEvent> {
  let lineNumber = 0;
  for await (const line of lines) {
    lineNumber += 1;
    if (line !== '') yield parseAuditEvent(line, lineNumber);
  }
}

async function ask(url: string, token: string): Promise<Response> {
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), ANSWER_MS_MAX);
  try {
    const headers = { authorization: `Bearer ${token}` };
    return await fetch(new URL('/v1/audit/export', url), { headers, signal: abort.signal });
  } catch (error) {
    throw new NomosError('UNAVAILABLE', `The registry at ${url} cannot be reached.`, { cause: error });
  } finally {
    clearTimeout(timer);
  }
}

function refusalOf(status: number, answer: unknown): NomosError {
  const problem = problemSchema.safeParse(answer);
  if (!problem.success) return new NomosError('UNAVAILABLE', `The registry answered ${status}.`);
  return new NomosError(problem.data.code, problem.data.detail, { fix: problem.data.fix });
}
