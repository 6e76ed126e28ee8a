import { canonicalMessageFilter, type Filter, type Manifest, NomosError } from '@nomos/schemas';

/** Who the client is, which stays the same for the whole session. */
export type Identity = Pick<Manifest, 'application' | 'environment' | 'instance' | 'sdk'>;

/** What one producer is to do; no topics stand for all that the application may publish to. */
export interface ProducerIntent {
  readonly kind: 'producer';
  readonly group: string;
  readonly topics: readonly string[];
}

/** What one consumer is to do. */
export interface ConsumerIntent {
  readonly kind: 'consumer';
  readonly group: string;
  readonly subscriptions: readonly { readonly topic: string; readonly filter: Filter }[];
}

export type Intent = ProducerIntent | ConsumerIntent;

/**
 * The manifest of a client with these producers and consumers. Several of one group are named once, since the
 * registry admits groups. Throws MANIFEST_REFUSED when two consumers of one group subscribe differently.
 */
export function manifestOf(identity: Identity, intents: Iterable<Intent>): Manifest {
  const producers = new Map<string, readonly string[]>();
  const consumers = new Map<string, ConsumerIntent>();
  for (const intent of intents) {
    if (intent.kind === 'producer') {
      producers.set(intent.group, joinTopics(producers.get(intent.group), intent.topics));
      continue;
    }
    const other = consumers.get(intent.group);
    if (other !== undefined && describe(other) !== describe(intent)) throw split(other, intent);
    consumers.set(intent.group, intent);
  }
  return {
    ...identity,
    producers: [...producers].map(([group, topics]) => ({ group, topics: [...topics] })),
    consumers: [...consumers.values()].map(({ group, subscriptions }) => ({
      group,
      subscriptions: subscriptions.map(({ topic, filter }) => ({ topic, filter })),
    })),
  };
}

function joinTopics(known: readonly string[] | undefined, added: readonly string[]): readonly string[] {
  if (known === undefined) return added;
  if (known.length === 0 || added.length === 0) return [];
  return [...new Set([...known, ...added])];
}

function describe({ subscriptions }: ConsumerIntent): string {
  return subscriptions
    .map(({ topic, filter }) => `${topic} (${canonicalMessageFilter(filter)})`)
    .sort()
    .join(', ');
}

function split(one: ConsumerIntent, other: ConsumerIntent): NomosError {
  const message = `This process has a consumer of the group "${one.group}" that subscribes to ${describe(one)}, the new one to ${describe(other)}; messages would be lost.`;
  return new NomosError('MANIFEST_REFUSED', `The consumers of "${one.group}" must subscribe alike.`, {
    violations: [{ rule: 'subscription-split', where: one.group, message, expected: describe(one) }],
    fix: 'Subscribe alike in all consumers of a group, or use a group for each.',
  });
}
