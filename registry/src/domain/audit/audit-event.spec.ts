import { describe, expect, test } from 'vitest';
import { type AuditFacts, chain, chainStart, findFault } from './audit-event.js';

const facts: AuditFacts = {
  at: new Date('2026-11-21T12:00:00.123Z'),
  ...{
    actorRole: 'member',
    actorId: 'a1',
    action: 'topic.change',
    subjectKind: 'topic',
    subject: 'pay-a-b-c',
  },
  before: { queues: 4, description: 'é' },
  after: { description: 'é', queues: 8, publishers: [{ code: 'a', more: null }] },
};

const isChained = (...pair: Parameters<typeof findFault>) => findFault(...pair) === undefined;

describe('the chain of audit events', () => {
  const first = chain(facts, chainStart);
  const second = chain({ ...facts, action: 'topic.retire' }, first);

  test('links each event to the one before', () => {
    expect([first.sequence, second.sequence]).toEqual([1, 2]);
    expect(second.previousHash).toEqual(first.hash);
    expect([isChained(first, chainStart), isChained(second, first)]).toEqual([true, true]);
  });

  test('does not depend on the order of keys, which the database changes', () => {
    const { description, queues, publishers } = facts.after as Record<string, unknown>;
    expect(isChained({ ...first, after: { queues, publishers, description } }, chainStart)).toBe(true);
  });

  test.each([
    ['another time', { at: new Date(0) }],
    ['another person', { actorId: 'a2' }],
    ['another role', { actorRole: 'auditor' as const }],
    ['another deed', { action: 'topic.create' }],
    ['another subject', { subject: 'pay-a-b-d' }],
    ['another state before', { before: { queues: 5, description: 'é' } }],
    ['no state after', { after: {} }],
    ['another number', { sequence: 2 }],
    ['another issuer', { actorIssuer: 'https://elsewhere.example' }],
    ['another call', { requestId: 'r-2' }],
  ])('shows %s', (_what, change) => {
    expect(isChained({ ...first, ...change }, chainStart)).toBe(false);
  });

  test('keeps the hashes of events from before issuers and request ids', () => {
    expect(Buffer.from(first.hash).toString('hex')).toBe(
      '6e24c4891c54be64924ee03e6d754bb4e50568e3ca8364a94f2c8837868275d7',
    );
  });

  test('shows an event left out, put in or moved', () => {
    const third = chain(facts, second);
    expect(isChained(third, first)).toBe(false);
    expect(isChained(second, chainStart)).toBe(false);
  });
});
