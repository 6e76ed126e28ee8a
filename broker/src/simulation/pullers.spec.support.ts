import { tags } from '../core/core.spec.support.js';
import { PULLING_GROUP, QUEUES, topicNames } from './catalog.spec.support.js';
import type { SentMessages } from './sent-messages.spec.support.js';
import type { World } from './world.spec.support.js';

const MESSAGES_AT_ONCE = 32;

/** The simulated clients that pull, and what they wrote down as their offsets. */
export class Pullers {
  readonly #world: World;
  readonly #messages: SentMessages;
  /** The offsets that may be those of the group, by topic and queue; more than one after a crash or failure. */
  readonly #offsets = new Map<string, Set<number>>();
  readonly #updating = new Set<string>();

  constructor(world: World, messages: SentMessages) {
    this.#world = world;
    this.#messages = messages;
    world.onBegin(() => this.#updating.clear());
  }

  /** Reads a part of a queue; whatever is there must be fit to be seen. */
  pull(): void {
    const { random } = this.#world;
    const queue = random.below(QUEUES);
    const topic = random.pick(topicNames) ?? '';
    this.#pull(topic, queue, 0, random.pick([0, 2_000]) ?? 0);
  }

  /** Reads every queue from its beginning to its end, and finds each message that must be there. */
  async assertComplete(): Promise<void> {
    for (const topic of topicNames)
      for (let queue = 0; queue < QUEUES; queue++)
        for (let from = 0, next = -1; next !== from; ) {
          next = from;
          this.#pull(topic, queue, from, 0, (nextOffset) => {
            from = nextOffset;
          });
          await this.#world.settle();
        }
    const lost = this.#messages.all.find(
      (one) => this.#messages.mustBeDelivered(one) && one.place === undefined,
    );
    if (lost !== undefined) this.#world.journal.violated(`${lost.id} is acknowledged and is nowhere`);
  }

  /** Writes down an offset. */
  update(): void {
    const { random, core, journal } = this.#world;
    const queue = random.below(QUEUES);
    const topic = random.pick(topicNames) ?? '';
    const log = core.topics.known(topic);
    const place = `${topic}/${queue}`;
    if (log === undefined || this.#updating.has(place)) return;
    const offset = random.below(log.end(queue) + 1);
    const possible = this.#offsets.get(place) ?? new Set([0]);
    this.#offsets.set(place, new Set([...possible, offset]));
    this.#updating.add(place);
    const name = `update offset of ${place} to ${offset}`;
    journal.note(name);
    const consumer = { group: PULLING_GROUP, topic, client: 'pull-1' };
    this.#world.follow(name, core.offsets.update(consumer, queue, offset), {
      answered: () => {
        this.#updating.delete(place);
        this.#offsets.set(place, new Set([offset]));
      },
      refused: () => this.#updating.delete(place),
    });
  }

  /** The group's offset is the one that it wrote down, also after a crash. */
  readOffset(): void {
    const { random, core, journal } = this.#world;
    const place = random.pick([...this.#offsets.keys()]);
    if (place === undefined || this.#updating.has(place)) return;
    const [topic = '', queue] = place.split('/');
    const consumer = { group: PULLING_GROUP, topic, client: 'pull-1' };
    this.#world.follow(`get offset of ${place}`, core.offsets.get(consumer, Number(queue)), {
      answered: (offset) => {
        if (this.#updating.has(place) || this.#offsets.get(place)?.has(offset) !== false) return;
        journal.violated(`the offset of ${place} is ${offset}, not ${[...(this.#offsets.get(place) ?? [])]}`);
      },
    });
  }

  #pull(topic: string, queue: number, offset: number, waitMs: number, next?: (offset: number) => void): void {
    const { core, journal } = this.#world;
    const request = {
      application: 'audit',
      group: PULLING_GROUP,
      topic,
      queue,
      offset,
      filter: tags('*'),
      waitMs,
    };
    const { pulled } = core.pulling.pull({ ...request, messagesMax: MESSAGES_AT_ONCE });
    this.#world.follow(`pull ${topic}/${queue}`, pulled, {
      answered: ({ messages, nextOffset }) => {
        let last = offset - 1;
        let lastOfGroup = new Map<string, number>();
        for (const one of messages) {
          if (one.offset <= last) journal.violated(`offset ${one.offset} of ${topic}/${queue} after ${last}`);
          last = one.offset;
          const { messageId } = this.#identity(one.message.system);
          const message = this.#messages.appeared(messageId, `${topic}/${queue}/${one.offset}`);
          const { messageGroup, number } = message;
          if (messageGroup === '') continue;
          if ((lastOfGroup.get(messageGroup) ?? -1) > number)
            journal.violated(`${messageId} lies behind a later one of its message group`);
          lastOfGroup = lastOfGroup.set(messageGroup, number);
        }
        next?.(nextOffset);
      },
    });
  }

  #identity(system: Buffer): { messageId: string } {
    return { messageId: this.#messages.identify(system).id };
  }
}
