import { type AuditEventJson, auditEventSchema, NomosError } from '@nomos/schemas';
import type { AuditEvent } from './audit-event.js';

/** An event as lists and exports show it. */
export function toAuditEventJson(given: AuditEvent): AuditEventJson {
  const { sequence, at, previousHash, hash, before, after, ...event } = given;
  return {
    ...{ sequence, at: at.toISOString() },
    ...event,
    ...(before === undefined ? {} : { before: { ...before } }),
    ...(after === undefined ? {} : { after: { ...after } }),
    previousHash: Buffer.from(previousHash).toString('hex'),
    hash: Buffer.from(hash).toString('hex'),
  };
}

/**
 * Reads one line of an export.
 *
 * @throws NomosError INPUT_INVALID when it is not an event.
 */
export function parseAuditEvent(line: string, lineNumber: number): AuditEvent {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (error) {
    throw new NomosError('INPUT_INVALID', `Line ${lineNumber} of the export is not JSON.`, { cause: error });
  }
  const result = auditEventSchema.safeParse(value);
  if (!result.success) {
    const [issue] = result.error.issues;
    const where = issue?.path.join('.') || 'the line';
    throw new NomosError(
      'INPUT_INVALID',
      `Line ${lineNumber} of the export is not an audit event: ${where}: ${issue?.message}.`,
    );
  }
  const { at, previousHash, hash, actorIssuer, requestId, before, after, ...event } = result.data;
  return {
    ...event,
    ...{ at: new Date(at), previousHash: bytesOf(previousHash), hash: bytesOf(hash) },
    ...(actorIssuer === undefined ? {} : { actorIssuer }),
    ...(requestId === undefined ? {} : { requestId }),
    ...(before === undefined ? {} : { before }),
    ...(after === undefined ? {} : { after }),
  };
}

function bytesOf(hexadecimal: string): Uint8Array {
  return new Uint8Array(Buffer.from(hexadecimal, 'hex'));
}
