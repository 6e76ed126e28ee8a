import {
  canonicalMessageFilter,
  type Filter,
  type GrantClaims,
  matchesMessageFilter,
  NomosError,
  parseMessageFilter,
} from '@nomos/schemas';
import type { ConsumerIntent } from '../session/manifest.js';
import type { DeliveredMessage } from '../transport/delivered-message.js';

/**
 * What a consumer asks for, and which of it is its own. Both are the same but while the subscriptions of the group
 * change: then the grant has every instance ask for what the old and the new ones cover together, since a broker
 * passes messages over for the whole group, and each instance leaves to the others what is not its own.
 */
export class OwnMessages {
  readonly #intent: ConsumerIntent;
  readonly #claims: () => GrantClaims;
  readonly #owns = new Map<string, (message: DeliveredMessage) => boolean>();

  constructor(intent: ConsumerIntent, claims: () => GrantClaims) {
    this.#intent = intent;
    this.#claims = claims;
    for (const { topic, filter } of intent.subscriptions) {
      const parsed = parseMessageFilter(filter);
      this.#owns.set(topic, (message) => matchesMessageFilter(parsed, filteredView(message)));
    }
  }

  /** The filter to receive a topic with, by the present grant. */
  filter(topic: string): Filter {
    const granted = this.#claims()
      .consumers.find(({ group }) => group === this.#intent.group)
      ?.subscriptions.find((one) => one.topic === topic)?.filter;
    const filter = granted ?? this.#intent.subscriptions.find((one) => one.topic === topic)?.filter;
    if (filter !== undefined) return filter;
    throw new NomosError('INTERNAL', `Nobody subscribed to the topic "${topic}".`);
  }

  /** One text for all that is asked for, to notice when it changes. */
  describe(): string {
    return this.#intent.subscriptions
      .map(({ topic }) => `${topic} ${canonicalMessageFilter(this.filter(topic))}`)
      .join('\n');
  }

  /** Whether the consumer subscribes to the message, whatever it was asked to receive beside. */
  has(message: DeliveredMessage): boolean {
    return this.#owns.get(message.topic)?.(message) ?? true;
  }
}

function filteredView(message: DeliveredMessage) {
  let properties: Map<string, string> | undefined;
  return {
    tag: message.tag,
    property(name: string) {
      properties ??= new Map(Object.entries(message.properties));
      return properties.get(name);
    },
  };
}
