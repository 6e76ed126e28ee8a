import { type RecyclingCase, recyclingPolicySchema } from '@nomos/schemas';
import { describe, expect, test } from 'vitest';
import {
  type IdleEntry,
  keep,
  noteRetired,
  noteUse,
  openCase,
  quarantine,
  restore,
  retire,
} from './recycling-case.js';

const DAY_MS = 24 * 60 * 60 * 1000;
const policy = recyclingPolicySchema.parse({});
const start = new Date('2026-11-21T12:00:00Z');
const onDay = (days: number) => new Date(start.getTime() + days * DAY_MS);
const entry: IdleEntry = {
  kind: 'topics',
  ...{ name: 'pay-paycore-transfer-lost', application: 'paycore', team: 'payments' },
  evidence: { changedAt: onDay(-100).toISOString(), watched: [] },
};

const candidate = openCase('case1', entry, policy, start);
const quarantined = quarantine(candidate, policy, onDay(30));
const ended: RecyclingCase[] = [
  keep(candidate, onDay(300), 'Season starts in spring', onDay(1)),
  noteUse(candidate, onDay(1)),
  restore(quarantined, 'It was needed', onDay(31)),
  retire(quarantined, onDay(60)),
];

describe('a recycling case', () => {
  test('goes from candidate to quarantined to retired, each after its time', () => {
    expect(candidate).toMatchObject({ state: 'candidate', quarantineFrom: onDay(30).toISOString() });
    expect(quarantined).toMatchObject({ state: 'quarantined', retireFrom: onDay(60).toISOString() });
    expect(ended.map(({ state }) => state)).toEqual(['kept', 'used', 'restored', 'retired']);
    for (const one of ended) expect(one.endedAt).toBeDefined();
  });

  test('is not quarantined before its owner had the whole notice, nor retired before the whole quarantine', () => {
    const early = expect.objectContaining({ code: 'RECYCLING_TOO_EARLY' });
    expect(() => quarantine(candidate, policy, onDay(29.9))).toThrow(early);
    expect(() => retire(quarantined, onDay(59.9))).toThrow(early);
  });

  test('is kept until a time to come only', () => {
    expect(() => keep(candidate, onDay(1), 'x', onDay(1))).toThrow(
      expect.objectContaining({ code: 'REQUEST_INVALID' }),
    );
  });

  test('ends with its entry, whichever of the open states it is in', () => {
    for (const open of [candidate, quarantined]) expect(noteRetired(open, onDay(40)).state).toBe('retired');
    for (const one of ended)
      expect(() => noteRetired(one, onDay(40))).toThrow(expect.objectContaining({ code: 'RECYCLING_ENDED' }));
  });

  const steps: [string, (found: RecyclingCase) => RecyclingCase, RecyclingCase['state']][] = [
    ['quarantine', (found) => quarantine(found, policy, onDay(400)), 'candidate'],
    ['keep', (found) => keep(found, onDay(500), 'x', onDay(400)), 'candidate'],
    ['noteUse', (found) => noteUse(found, onDay(400)), 'candidate'],
    ['restore', (found) => restore(found, 'x', onDay(400)), 'quarantined'],
    ['retire', (found) => retire(found, onDay(400)), 'quarantined'],
  ];
  const all = [candidate, quarantined, ...ended];
  test.each(
    steps.flatMap(([name, step, from]) =>
      all.map((found) => [name, found.state, step, from, found] as const),
    ),
  )('%s from %s', (_name, state, step, from, found) => {
    if (state === from) expect(step(found).state).not.toBe(from);
    else expect(() => step(found)).toThrow(expect.objectContaining({ code: 'RECYCLING_ENDED' }));
  });
});
