import type { CatalogEntry } from '../repositories.js';
import { type EdgeTouch, touchesNothing } from './edge-repository.js';

/** The fields of an entry that tell what it touches; not every collection has each. */
interface TouchingEntry extends CatalogEntry {
  readonly name?: string;
  readonly group?: string;
  readonly application?: string;
  readonly publishers?: readonly string[];
}

/** What a change of an entry touches, from its states before and after. */
export function touchOf(collection: string, states: readonly TouchingEntry[]): EdgeTouch {
  const distinct = (values: readonly (string | undefined)[]) => [
    ...new Set(values.filter((value) => value !== undefined)),
  ];
  switch (collection) {
    case 'topics':
      return {
        ...touchesNothing,
        topics: distinct(states.map(({ name }) => name)),
        // Who may publish is told with the access keys.
        applications: distinct(
          states.flatMap(({ application, publishers = [] }) => [application, ...publishers]),
        ),
      };
    case 'consumer-groups':
      return {
        ...touchesNothing,
        consumerGroups: distinct(states.map(({ name }) => name)),
        applications: distinct(states.map(({ application }) => application)),
      };
    // Nothing of a producer group is told, but with the first one an application has something to do here.
    case 'producer-groups':
      return { ...touchesNothing, applications: distinct(states.map(({ application }) => application)) };
    case 'subscriptions':
      return { ...touchesNothing, consumerGroups: distinct(states.map(({ group }) => group)) };
    default:
      return touchesNothing;
  }
}
