import { describe, expect, it } from 'vitest';
import { seededRandom } from '../seeded-random.js';
import { editDistance, nearestWord } from './edit-distance.js';

/** The definition itself, without a table: optimal string alignment. */
function slowDistance(a: string, b: string): number {
  if (a === '' || b === '') return a.length + b.length;
  const [x, y] = [a.slice(0, -1), b.slice(0, -1)];
  const isSwap = a.length > 1 && b.length > 1 && a.at(-1) === b.at(-2) && a.at(-2) === b.at(-1);
  return Math.min(
    slowDistance(x, b) + 1,
    slowDistance(a, y) + 1,
    slowDistance(x, y) + (a.at(-1) === b.at(-1) ? 0 : 1),
    isSwap ? slowDistance(a.slice(0, -2), b.slice(0, -2)) + 1 : Number.POSITIVE_INFINITY,
  );
}

describe('editDistance', () => {
  it.each([
    ['pay', 'pay', 0],
    ['pay', 'pya', 1],
    ['pay', 'paid', 2],
    ['', 'ab', 2],
    ['paycore', 'ledger', undefined],
  ])('of %s and %s, at most 2, is %s', (a, b, distance) => {
    expect(editDistance(a, b, 2)).toBe(distance);
  });

  it('agrees with its definition on random words', () => {
    const random = seededRandom(5);
    const word = () => Array.from({ length: random.below(6) }, () => random.pick([...'abc'])).join('');
    for (let round = 0; round < 1500; round++) {
      const [a, b, distanceMax] = [word(), word(), random.below(4)];
      const distance = slowDistance(a, b);
      expect([a, b, editDistance(a, b, distanceMax)]).toEqual([
        a,
        b,
        distance > distanceMax ? undefined : distance,
      ]);
    }
  });
});

describe('nearestWord', () => {
  it('takes the nearest, of several the first in the alphabet, and none that is too far', () => {
    expect(nearestWord('pya', ['risk', 'pays', 'pay'], 2)).toBe('pay');
    expect(nearestWord('sma', ['smz', 'smb', 'sms'], 2)).toBe('smb');
    expect(nearestWord('loan', ['risk', 'pay'], 2)).toBeUndefined();
  });
});
