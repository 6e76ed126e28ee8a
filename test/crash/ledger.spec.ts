import { expect, test } from 'vitest';
import { TOPICS } from './catalog.js';
import { Ledger } from './ledger.js';

const NORMAL = 'cg-bank-ledger';
const ORDERED = 'cg-bank-audit';

function ordered(ledger: Ledger, count: number): string[] {
  return Array.from({ length: count }, (_, number) => {
    const entry = ledger.begin(`a-${number}`, TOPICS.ordered, { messageGroup: 'a', number });
    entry.isConfirmed = true;
    return entry.id;
  });
}

test('a confirmed message that a group does not get is missing; one in doubt is not', () => {
  const ledger = new Ledger();
  ledger.begin('confirmed', TOPICS.normal).isConfirmed = true;
  ledger.begin('doubtful', TOPICS.normal);
  ledger.received(NORMAL, ['confirmed']);
  expect([...ledger.missing()].map(({ group, entry }) => `${entry.id} ${group}`)).toEqual([
    'confirmed cg-bank-notify',
  ]);
});

test('a delivery after a confirmed acknowledgement is a fault, after one in doubt it is none', () => {
  const ledger = new Ledger();
  for (const id of ['confirmed', 'doubtful']) {
    ledger.begin(id, TOPICS.normal);
    ledger.received(NORMAL, [id]);
    ledger.acknowledging(NORMAL, [id]);
  }
  ledger.acknowledged(NORMAL, 'confirmed', true);
  ledger.received(NORMAL, ['doubtful']);
  expect(ledger.faults.redeliveredAfterAck).toBe(0);
  ledger.received(NORMAL, ['confirmed']);
  expect(ledger.faults.redeliveredAfterAck).toBe(1);
});

test('an ordered message may come with those before it or after they are done', () => {
  const ledger = new Ledger();
  const [first = '', second = '', third = ''] = ordered(ledger, 3);
  ledger.received(ORDERED, [first, second]);
  ledger.acknowledging(ORDERED, [first, second]);
  ledger.received(ORDERED, [third]);
  expect(ledger.faults.reordered).toBe(0);
});

test('an ordered message that overtakes a confirmed one is a fault, and so is one in doubt that comes too late', () => {
  const ledger = new Ledger();
  const [first = '', second = ''] = ordered(ledger, 2);
  ledger.received(ORDERED, [second]);
  expect(ledger.faults.reordered).toBe(1);
  const doubtful = new Ledger();
  ordered(doubtful, 2);
  for (const entry of doubtful.entries.values()) if (entry.id === first) entry.isConfirmed = false;
  doubtful.received(ORDERED, [second]);
  expect(doubtful.faults.reordered).toBe(0);
  doubtful.received(ORDERED, [first]);
  expect(doubtful.faults.reordered).toBe(1);
});

test('early deliveries and half messages are faults', () => {
  const ledger = new Ledger();
  ledger.begin('later', TOPICS.delayed, { deliverAtMs: Date.now() + 60_000 });
  ledger.begin('half', TOPICS.transactional, { isTransaction: true });
  ledger.received('cg-bank-reminder', ['later']);
  ledger.received('cg-bank-delivery', ['half']);
  expect(ledger.faults).toMatchObject({ early: 1, halfSeen: 1 });
});
