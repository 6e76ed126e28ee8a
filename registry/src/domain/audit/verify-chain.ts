import type { AuditVerdict } from '@nomos/schemas';
import { type AuditEvent, type ChainEnd, chainStart, findFault } from './audit-event.js';

/** A hash that was noted down elsewhere: what the event of that number must have. */
export type Anchor = ChainEnd;

/** Reads an anchor as `<sequence>:<hash in hexadecimal>`, the form that `formatAnchor` gives. */
export function parseAnchor(text: string): Anchor {
  const [sequence = '', hash = ''] = text.split(':');
  return { sequence: Number(sequence), hash: new Uint8Array(Buffer.from(hash, 'hex')) };
}

/** A place of the chain as a text to keep elsewhere. */
export function formatAnchor({ sequence, hash }: ChainEnd): string {
  return `${sequence}:${Buffer.from(hash).toString('hex')}`;
}

/**
 * Walks along a chain from its first event and recomputes every hash. It stops at the first fault.
 *
 * Who owns the database can compute a whole chain anew, or cut off its end; only an anchor that was kept
 * elsewhere shows that.
 */
export async function verifyChain(
  events: AsyncIterable<AuditEvent>,
  anchors: readonly Anchor[] = [],
): Promise<AuditVerdict> {
  let end = chainStart;
  const wanted = new Map(anchors.map((anchor) => [anchor.sequence, anchor]));
  for await (const event of events) {
    const fault = findFault(event, end);
    if (fault !== undefined) return broken(end, fault.rule, fault.message);
    const anchor = wanted.get(event.sequence);
    if (anchor !== undefined && Buffer.compare(anchor.hash, event.hash) !== 0) {
      const message = `Event ${event.sequence} is not the one that the anchor was taken of: this event, or one before it, was rewritten together with all that follow.`;
      return broken(end, 'anchor', message);
    }
    wanted.delete(event.sequence);
    end = { sequence: event.sequence, hash: event.hash };
  }
  const [missing] = [...wanted.keys()].sort((one, other) => one - other);
  if (missing !== undefined) {
    const message = `The chain ends with event ${end.sequence}, before the anchor's event ${missing}: its end was cut off.`;
    return broken(end, 'end', message);
  }
  return { ok: true, ...soundPart(end) };
}

type Rule = NonNullable<AuditVerdict['fault']>['rule'];

function broken(end: ChainEnd, rule: Rule, message: string): AuditVerdict {
  return { ok: false, ...soundPart(end), fault: { sequence: end.sequence + 1, rule, message } };
}

function soundPart(end: ChainEnd) {
  return { events: end.sequence, ...(end.sequence === 0 ? {} : { head: formatAnchor(end) }) };
}
