/**
 * The states of one message for one consumer group.
 *
 * | from      | event                                             | to        | durable before it shows     |
 * |-----------|---------------------------------------------------|-----------|-----------------------------|
 * | waiting   | received                                          | invisible | no: a crash delivers again  |
 * | waiting   | passed over by the filter                         | done      | no: a crash passes over again |
 * | waiting   | its message group is blocked                      | in line   | no: a crash looks again     |
 * | in line   | all before it of its group ends                   | ready     | yes, with that end          |
 * | invisible | acknowledged                                      | acking    |                             |
 * | acking    | the commit is durable                             | done      | yes                         |
 * | acking    | the commit failed                                 | invisible |                             |
 * | invisible | invisible duration changed (a new receipt handle) | invisible | yes                         |
 * | invisible | invisible duration over, attempts left            | ready     | no                          |
 * | invisible | invisible duration over, no attempts left         | burying   |                             |
 * | invisible | forwarded to the dead letters                     | burying   |                             |
 * | invisible | the receiver had gone before it got the message   | ready     | no: the attempt is undone   |
 * | invisible | one before it of its group became ready           | ready     | no: the attempt is undone   |
 * | burying   | dead letter and removal are durable, in one batch | done      | yes                         |
 * | burying   | the commit failed                                 | invisible |                             |
 * | ready     | received                                          | invisible | no                          |
 * | ready     | passed over by the filter, or gone from the store | done      | no                          |
 * | any       | the group is reset                                | waiting, done | no: a reset waits for it |
 *
 * `waiting` is not stored: it is every offset from the group's cursor on. `in line` is not stored either: it is
 * every offset below the cursor that lies behind a pending one of its message group (see message-groups.ts).
 * `done` is every other offset below the cursor that is not pending. A pending entry holds one of the four
 * states left.
 */
export type DeliveryState = 'invisible' | 'ready' | 'acking' | 'burying';

const transitions: Readonly<Record<DeliveryState, readonly DeliveryState[]>> = {
  invisible: ['invisible', 'ready', 'acking', 'burying'],
  acking: ['invisible'],
  burying: ['invisible'],
  ready: ['invisible'],
};

/** States from which an entry may leave for `done`. */
const finishing: ReadonlySet<DeliveryState> = new Set(['acking', 'burying', 'ready']);

/** A programming error, not a condition: the table above is broken. */
export function assertTransition(from: DeliveryState, to: DeliveryState | 'done'): void {
  const legal = to === 'done' ? finishing.has(from) : transitions[from].includes(to);
  if (!legal) throw new Error(`a message cannot go from ${from} to ${to}`);
}
