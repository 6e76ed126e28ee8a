import { expect, test } from 'vitest';
import { crash } from './crash.js';

const KILLS = 3;

test(`a broker that is killed ${KILLS} times under load keeps its word`, async () => {
  const notes: string[] = [];
  const report = await crash({ kills: KILLS, seed: 3, note: (line) => notes.push(line) });
  const { lost, reordered, early, halfSeen, redeliveredAfterAck } = report;
  const faults = { lost, reordered, early, halfSeen, redeliveredAfterAck };
  const none = { lost: 0, reordered: 0, early: 0, halfSeen: 0, redeliveredAfterAck: 0 };
  expect(faults, notes.join('\n')).toEqual(none);
  expect(report.acknowledged).toBeGreaterThan(300);
  expect(report.delivered).toBeGreaterThan(report.acknowledged);
});
