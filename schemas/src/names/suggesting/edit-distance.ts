/**
 * The edit distance of two texts: letters added, removed, changed, or swapped with their neighbour. Undefined
 * if it is more than `distanceMax`, which is found out early.
 */
export function editDistance(a: string, b: string, distanceMax: number): number | undefined {
  if (Math.abs(a.length - b.length) > distanceMax) return undefined;
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    let smallest = row;
    for (let column = 1; column <= b.length; column++) {
      const isSame = a[row - 1] === b[column - 1];
      let distance = Math.min(
        at(last, column) + 1,
        at(current, column - 1) + 1,
        at(last, column - 1) + (isSame ? 0 : 1),
      );
      const isSwap = a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      if (row > 1 && column > 1 && isSwap) distance = Math.min(distance, at(beforeLast, column - 2) + 1);
      current.push(distance);
      smallest = Math.min(smallest, distance);
    }
    // A swap reaches back two rows, so the last row counts as well.
    if (smallest > distanceMax && Math.min(...last) > distanceMax) return undefined;
    beforeLast = last;
    last = current;
  }
  const distance = at(last, b.length);
  return distance > distanceMax ? undefined : distance;
}

function at(row: readonly number[], column: number): number {
  return row[column] ?? Number.POSITIVE_INFINITY;
}

/** The word with the smallest edit distance, at most `distanceMax`; of several the first in the alphabet. */
export function nearestWord(text: string, words: Iterable<string>, distanceMax: number): string | undefined {
  let nearest: { word: string; distance: number } | undefined;
  for (const word of words) {
    const distance = editDistance(text, word, nearest?.distance ?? distanceMax);
    if (distance === undefined) continue;
    if (nearest === undefined || distance < nearest.distance || word < nearest.word)
      nearest = { word, distance };
  }
  return nearest?.word;
}
