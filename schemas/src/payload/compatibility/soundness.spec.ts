import { expect, test } from 'vitest';
import { type SeededRandom, seededRandom } from '../../names/seeded-random.js';
import { examineBundle } from '../examine-bundle.js';
import { compilePayloadValidator } from '../payload-validator.js';
import type { Schema } from '../schema.js';
import { checkCompatibility } from './compatibility.js';
import { changedSchema, randomSchema, randomValue } from './random-schema.js';

const pairs = 500;
const valuesPerPair = 60;

/** A document with one definition, which may refer to itself and to the document. */
function documentOf(schema: Schema, one: Schema): Schema {
  if (typeof schema === 'boolean') return schema;
  return { ...schema, $defs: { one } };
}

function randomPair(random: SeededRandom): [old: Schema, next: Schema] {
  const schema = randomSchema(random, 3);
  const one = randomSchema(random, 2);
  const [changed, other] =
    random.below(3) === 0 ? [schema, changedSchema(one, random, 2)] : [changedSchema(schema, random, 3), one];
  return [documentOf(schema, one), documentOf(changed, other)];
}

/** Ajv 8.20 accepts [] by {"prefixItems": […], "contains": false, "maxContains": 1}, which it should refuse. */
function isMisjudged(...documents: readonly Schema[]): boolean {
  const text = JSON.stringify(documents);
  return text.includes('"prefixItems"') && /"m(?:in|ax)Contains"/.test(text);
}

test('what is found compatible never refuses a payload that the version before accepted', () => {
  const random = seededRandom(20_261_121);
  const seen = { compared: 0, compatible: 0, accepted: 0, broken: 0, confirmed: 0, undecided: 0 };
  for (let pair = 0; pair < pairs; pair++) {
    const [old, next] = randomPair(random);
    if (examineBundle(old).length > 0 || examineBundle(next).length > 0 || isMisjudged(old, next)) continue;
    seen.compared += 1;
    const found = checkCompatibility('BACKWARD', [{ version: 1, schema: old }], next);
    const before = compilePayloadValidator(old);
    const after = compilePayloadValidator(next);
    const values = Array.from({ length: valuesPerPair }, () => randomValue(random, 3));
    const accepted = values.filter((value) => before(value).length === 0);
    const refused = accepted.filter((value) => after(value).length > 0);
    if (found.length === 0) {
      seen.compatible += 1;
      seen.accepted += accepted.length;
      expect(refused, JSON.stringify({ old, next })).toEqual([]);
    } else if (found.some(({ certainty }) => certainty === 'breaks')) {
      seen.broken += 1;
      seen.confirmed += refused.length > 0 ? 1 : 0;
    } else seen.undecided += 1;
  }
  // Otherwise the test would say little: most pairs must be judged, and enough payloads accepted.
  expect(seen.compatible).toBeGreaterThan(seen.compared / 10);
  expect(seen.accepted).toBeGreaterThan(seen.compatible);
  expect(seen.confirmed).toBeGreaterThan(seen.broken / 3);
});
