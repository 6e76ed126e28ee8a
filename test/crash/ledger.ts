import { GROUPS } from './catalog.js';

/** A message that a producer began to send. */
export interface Entry {
  readonly id: string;
  readonly topic: string;
  /** Of ordered messages: their group, and their number in it. */
  readonly messageGroup: string;
  readonly number: number;
  /** Milliseconds since 1970; 0 for a message that is to be delivered at once. */
  readonly deliverAtMs: number;
  /** Of transactional messages: whether a commit was ever asked for. */
  readonly isTransaction: boolean;
  commitWasAsked: boolean;
  /** The broker confirmed that it is stored, and of a transactional one the commit. */
  isConfirmed: boolean;
}

/** What one consumer group knows of one message. */
interface Progress {
  deliveries: number;
  /** `asked`: an acknowledgement is under way, or a kill left it without an answer. */
  acknowledged: 'no' | 'asked' | 'confirmed';
  /** A later message of its message group was delivered while nobody knew of this one. */
  wasPassed: boolean;
}

/** What must all be 0. */
export interface Faults {
  /** Confirmed messages that a group never got. */
  lost: number;
  /** Deliveries of an ordered message while an earlier one of its group was not done, nor just before it. */
  reordered: number;
  /** Deliveries before the message's time. */
  early: number;
  /** Deliveries of transactional messages whose commit nobody had asked for. */
  halfSeen: number;
  /** Deliveries to a group after an acknowledgement that the broker confirmed to that group. */
  redeliveredAfterAck: number;
}

/**
 * Everything that was sent, delivered and acknowledged, and where the broker broke its word. What got no answer is
 * in doubt: a send may be stored or not, an acknowledgement may count or not, and neither outcome is a fault.
 */
export class Ledger {
  readonly entries = new Map<string, Entry>();
  readonly faults: Omit<Faults, 'lost'> = { reordered: 0, early: 0, halfSeen: 0, redeliveredAfterAck: 0 };
  /** How late delayed messages came for the first time, in milliseconds. */
  readonly lateMs: number[] = [];
  /** Descriptions of the first faults. */
  readonly findings: string[] = [];
  lastDeliveryAtMs = 0;
  #deliveries = 0;
  readonly #progress = new Map<string, Map<string, Progress>>();
  readonly #ordered = new Map<string, Entry[]>();

  constructor() {
    for (const { name } of GROUPS) this.#progress.set(name, new Map());
  }

  /** Every (message, group) pair once, however often it came. */
  get delivered(): number {
    return this.#deliveries;
  }

  get confirmed(): number {
    let count = 0;
    for (const { isConfirmed } of this.entries.values()) if (isConfirmed) count++;
    return count;
  }

  /** To be called before a message is sent. */
  begin(id: string, topic: string, parts: Partial<Entry> = {}): Entry {
    const entry: Entry = {
      ...{ id, topic, messageGroup: '', number: 0, deliverAtMs: 0, isTransaction: false },
      ...{ commitWasAsked: false, isConfirmed: false, ...parts },
    };
    this.entries.set(id, entry);
    if (entry.messageGroup !== '') {
      const line = this.#ordered.get(entry.messageGroup) ?? [];
      this.#ordered.set(entry.messageGroup, [...line, entry]);
    }
    return entry;
  }

  /** All messages of one receive, in their order. */
  received(group: string, ids: readonly string[]): void {
    if (ids.length === 0) return;
    const together = new Set<string>();
    this.lastDeliveryAtMs = Date.now();
    for (const id of ids) {
      const entry = this.entries.get(id);
      if (entry === undefined) throw new Error(`message ${id} was never sent`);
      const progress = this.#of(group, id);
      if (progress.deliveries++ === 0) this.#firstDelivery(entry);
      if (progress.acknowledged === 'confirmed') this.#fault('redeliveredAfterAck', group, entry);
      if (this.lastDeliveryAtMs < entry.deliverAtMs) this.#fault('early', group, entry);
      if (entry.isTransaction && !entry.commitWasAsked) this.#fault('halfSeen', group, entry);
      if (entry.messageGroup !== '') this.#checkOrder(group, entry, progress, together);
      together.add(id);
    }
  }

  acknowledging(group: string, ids: readonly string[]): void {
    for (const id of ids) {
      const progress = this.#of(group, id);
      if (progress.acknowledged === 'no') progress.acknowledged = 'asked';
    }
  }

  acknowledged(group: string, id: string, isConfirmed: boolean): void {
    const progress = this.#of(group, id);
    if (progress.acknowledged !== 'confirmed') progress.acknowledged = isConfirmed ? 'confirmed' : 'no';
  }

  /** Confirmed messages that a group has not got so far. */
  *missing(): Iterable<{ readonly group: string; readonly entry: Entry }> {
    for (const { name, topic } of GROUPS)
      for (const entry of this.entries.values())
        if (entry.topic === topic && entry.isConfirmed && this.#of(name, entry.id).deliveries === 0)
          yield { group: name, entry };
  }

  #firstDelivery({ deliverAtMs }: Entry): void {
    this.#deliveries++;
    if (deliverAtMs > 0) this.lateMs.push(this.lastDeliveryAtMs - deliverAtMs);
  }

  #checkOrder(group: string, entry: Entry, progress: Progress, together: ReadonlySet<string>): void {
    if (progress.wasPassed) this.#fault('reordered', group, entry);
    for (const earlier of this.#ordered.get(entry.messageGroup) ?? []) {
      if (earlier.number >= entry.number) return;
      const before = this.#of(group, earlier.id);
      if (before.acknowledged !== 'no' || together.has(earlier.id)) continue;
      // A send that got no answer may not be stored at all, unless it was seen; then it may not come any more.
      if (earlier.isConfirmed || before.deliveries > 0) this.#fault('reordered', group, entry);
      else before.wasPassed = true;
    }
  }

  #fault(kind: keyof Omit<Faults, 'lost'>, group: string, { id }: Entry): void {
    this.faults[kind]++;
    if (this.findings.length < 20) this.findings.push(`${kind}: ${id} for ${group}`);
  }

  #of(group: string, id: string): Progress {
    const ofGroup = this.#progress.get(group) ?? new Map<string, Progress>();
    const known = ofGroup.get(id);
    if (known !== undefined) return known;
    const made: Progress = { deliveries: 0, acknowledged: 'no', wasPassed: false };
    ofGroup.set(id, made);
    return made;
  }
}
