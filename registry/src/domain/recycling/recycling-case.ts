import { type IdleEvidence, NomosError, type RecyclingCase, type RecyclingPolicy } from '@nomos/schemas';

/** An entry that nobody uses, as the store finds it. */
export interface IdleEntry extends Pick<RecyclingCase, 'kind' | 'name' | 'application' | 'team'> {
  readonly evidence: IdleEvidence;
}

/*
 * The states of a case:
 *
 *   candidate ──► quarantined ──► retired
 *      │  │            │
 *      │  └─► kept     └─► restored
 *      └────► used
 *
 * Both open states end as `retired` also when somebody retires the entry by hand.
 *
 * A candidate that is used again, or that its owner keeps, ends at once. Only what has been a candidate for the
 * whole notice can be quarantined, and only what has been in quarantine for its whole time can be retired. No entry
 * has more than one open case.
 */

/** candidate: from now on its owner can say something. */
export function openCase(id: string, entry: IdleEntry, policy: RecyclingPolicy, now: Date): RecyclingCase {
  return {
    ...{ id, ...entry, state: 'candidate', foundAt: now.toISOString() },
    quarantineFrom: after(now, policy.noticeMs),
  };
}

/** candidate → quarantined. @throws NomosError RECYCLING_TOO_EARLY or RECYCLING_ENDED. */
export function quarantine(found: RecyclingCase, policy: RecyclingPolicy, now: Date): RecyclingCase {
  assertState(found, 'candidate');
  assertReached(found, found.quarantineFrom, 'quarantined', now);
  const quarantinedAt = now.toISOString();
  return { ...found, state: 'quarantined', quarantinedAt, retireFrom: after(now, policy.quarantineMs) };
}

/** candidate → kept. @throws NomosError RECYCLING_ENDED or REQUEST_INVALID. */
export function keep(found: RecyclingCase, until: Date, reason: string, now: Date): RecyclingCase {
  assertState(found, 'candidate');
  if (until <= now) {
    const message = 'The time until which it is to be kept is in the past.';
    throw new NomosError('REQUEST_INVALID', message, {
      violations: [{ rule: 'keep-past', where: 'until', message, expected: 'a time to come' }],
    });
  }
  return { ...end(found, 'kept', now), keptUntil: until.toISOString(), reason };
}

/** candidate → used. */
export function noteUse(found: RecyclingCase, now: Date): RecyclingCase {
  assertState(found, 'candidate');
  return end(found, 'used', now);
}

/** quarantined → restored. @throws NomosError RECYCLING_ENDED. */
export function restore(found: RecyclingCase, reason: string, now: Date): RecyclingCase {
  assertState(found, 'quarantined');
  return { ...end(found, 'restored', now), reason };
}

/** quarantined → retired. @throws NomosError RECYCLING_TOO_EARLY or RECYCLING_ENDED. */
export function retire(found: RecyclingCase, now: Date): RecyclingCase {
  assertState(found, 'quarantined');
  assertReached(found, found.retireFrom ?? found.quarantineFrom, 'retired', now);
  return end(found, 'retired', now);
}

/** candidate or quarantined → retired, after the entry was retired by hand. @throws NomosError RECYCLING_ENDED. */
export function noteRetired(found: RecyclingCase, now: Date): RecyclingCase {
  if (found.state !== 'quarantined') assertState(found, 'candidate');
  return end(found, 'retired', now);
}

function end(found: RecyclingCase, state: RecyclingCase['state'], now: Date): RecyclingCase {
  return { ...found, state, endedAt: now.toISOString() };
}

function assertState({ id, name, state }: RecyclingCase, expected: RecyclingCase['state']): void {
  if (state === expected) return;
  const message = `The case "${id}" of "${name}" is ${state}, not ${expected}.`;
  throw new NomosError('RECYCLING_ENDED', message);
}

function assertReached({ name }: RecyclingCase, from: string, what: string, now: Date): void {
  if (new Date(from) <= now) return;
  const message = `"${name}" can be ${what} from ${from} on, not before: its owner may still need it.`;
  throw new NomosError('RECYCLING_TOO_EARLY', message);
}

function after(now: Date, durationMs: number): string {
  return new Date(now.getTime() + durationMs).toISOString();
}
