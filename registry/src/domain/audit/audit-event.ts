import { createHash } from 'node:crypto';
import type { Role } from '@nomos/schemas';

/** What somebody did: the facts of one event. */
export interface AuditFacts {
  readonly at: Date;
  readonly actorRole: Role;
  /** The id of a token, an access key, the subject of an OIDC token, or `operator` for whoever runs the process. */
  readonly actorId: string;
  /** Who vouches for the actor, where that is not this registry: the issuer of an OIDC token. */
  readonly actorIssuer?: string;
  /** The call that did it; absent where there was none, or in events of older versions. */
  readonly requestId?: string;
  /** What was done, as `<noun>.<verb>`, for instance `topic.create`. */
  readonly action: string;
  /** What kind of thing it was done to, for instance `topic`. */
  readonly subjectKind: string;
  /** Which one: the key of a catalog entry joined by ` → `, or an id. */
  readonly subject: string;
  /** How it was and how it is, without any secret; absent where there was or is nothing. */
  readonly before?: object;
  readonly after?: object;
}

/** An event in the chain. */
export interface AuditEvent extends AuditFacts {
  /** Counts from 1, without gaps. */
  readonly sequence: number;
  /** The `hash` of the event before; zeros for the first. */
  readonly previousHash: Uint8Array;
  readonly hash: Uint8Array;
}

/** Where a chain ends, so that the next event can follow. */
export type ChainEnd = Pick<AuditEvent, 'sequence' | 'hash'>;

/** What the first event follows. */
export const chainStart: ChainEnd = { sequence: 0, hash: new Uint8Array(32) };

/** The event as the next one of the chain. */
export function chain(facts: AuditFacts, last: ChainEnd): AuditEvent {
  const sequence = last.sequence + 1;
  const previousHash = last.hash;
  return { ...facts, sequence, previousHash, hash: hashOf(facts, sequence, previousHash) };
}

/** What is wrong with an event that should follow the one before; undefined when nothing is. */
export function findFault(
  event: AuditEvent,
  last: ChainEnd,
): { readonly rule: 'gap' | 'link' | 'content'; readonly message: string } | undefined {
  const expected = chain(event, last);
  if (event.sequence !== expected.sequence) {
    const message = `Event ${expected.sequence} is missing: after ${last.sequence} comes ${event.sequence}.`;
    return { rule: 'gap', message };
  }
  if (Buffer.compare(event.previousHash, expected.previousHash) !== 0) {
    const message = `Event ${event.sequence} does not follow event ${last.sequence}: one of them was put in the place of another.`;
    return { rule: 'link', message };
  }
  if (Buffer.compare(event.hash, expected.hash) !== 0) {
    const message = `Event ${event.sequence} does not say what it said when it was written.`;
    return { rule: 'content', message };
  }
  return undefined;
}

/** SHA-256 over the previous hash and the facts as JSON with sorted keys, so that anybody can compute it again. */
function hashOf(facts: AuditFacts, sequence: number, previousHash: Uint8Array): Uint8Array {
  const { at, actorRole, actorId, action, subjectKind, subject, before = null, after = null } = facts;
  const content = canonicalJson({
    ...{ sequence, at: at.toISOString(), actorRole, actorId, action, subjectKind, subject, before, after },
    // JSON leaves out what is undefined: so the hashes of events from before these fields stay what they were.
    ...{ actorIssuer: facts.actorIssuer, requestId: facts.requestId },
  });
  return new Uint8Array(createHash('sha256').update(previousHash).update(content).digest());
}

/** JSON whose objects have their keys in order, since the database does not keep the order. */
function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) => {
    if (inner === null || typeof inner !== 'object' || Array.isArray(inner)) return inner;
    return Object.fromEntries(Object.entries(inner).sort(([one], [other]) => (one < other ? -1 : 1)));
  });
}
