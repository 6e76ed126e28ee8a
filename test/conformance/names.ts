import type { RowNames } from './engine/engine.js';
import type { Row } from './row.js';
import { type RowId, rowIds } from './rows.js';

/** Names that conform to the norm, and are the same in every run: each client and row has its own. */
export function namesOf(client: string, id: RowId, { topics, groups }: Row): RowNames {
  const stem = `${client}${rowIds.indexOf(id)}`;
  const application = (standing: string | undefined) => (standing === 'foreign' ? 'cards' : 'paycore');
  return {
    topics: Object.fromEntries(
      Object.entries(topics).map(([word, { standing }]) => [
        word,
        `pay-${application(standing)}-${stem}${word}-sent`,
      ]),
    ),
    groups: Object.fromEntries(
      Object.entries(groups).map(([word, { standing }]) => [
        word,
        `cg-${application(standing)}-${stem}${word}`,
      ]),
    ),
  };
}
