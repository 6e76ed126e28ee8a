import { expect, test } from 'vitest';
import { flatten, interleave } from './interleave.js';

test('variants take turns, the first round does not count, and the median of the others does', async () => {
  const turns: string[] = [];
  const values = [1_000, 3, 1, 2];
  const turn = (name: string) => async (round: number) => {
    turns.push(`${name}${round}`);
    return { rate: values[round] ?? 0 };
  };
  const measured = await interleave(3, { a: turn('a'), b: turn('b') });
  expect(turns).toEqual(['a0', 'b0', 'a1', 'b1', 'a2', 'b2', 'a3', 'b3']);
  expect(measured).toEqual({ a: { rate: 2 }, b: { rate: 2 } });
  expect(flatten(measured)).toEqual({ a_rate: 2, b_rate: 2 });
});
