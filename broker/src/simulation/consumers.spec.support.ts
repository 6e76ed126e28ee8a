import { request, tags } from '../core/core.spec.support.js';
import { readIdentity } from '../core/log/stored-message.js';
import type { Consumer, ReceiveCall } from '../core/receiving/receiving.js';
import type { Delivery } from '../core/receiving/subscription.js';
import { groups, type SimulatedGroup, topicNames } from './catalog.spec.support.js';
import type { DeadLetterReader } from './dead-letters.spec.support.js';
import { type Held, Receiver } from './receiver.spec.support.js';
import type { SentMessage, SentMessages } from './sent-messages.spec.support.js';
import type { World } from './world.spec.support.js';

/** Calls whose end was cancelled or can be. */
interface Open {
  readonly call: ReceiveCall;
  readonly receiver: Receiver;
  readonly attemptId: string | undefined;
  held: Held[];
}

const HELD_MAX = 60;

interface ReceiveOptions {
  readonly messagesMax: number;
  readonly invisibleMs: number;
  readonly waitMs: number;
  readonly attemptId?: string;
}

/** The simulated consumers of all groups, which do everything that a consumer may do, and some of it badly. */
export class Consumers {
  readonly receivers: readonly Receiver[];
  /** What the clients hold, the newest last; also what they hold no more, since bad clients use old handles. */
  held: Held[] = [];
  readonly #world: World;
  readonly #messages: SentMessages;
  readonly #cancelledAttempts = new Set<string>();
  #open: Open[] = [];
  #repeatable: { receiver: Receiver; client: string; attemptId: string } | undefined;

  constructor(world: World, messages: SentMessages, deadLetters: DeadLetterReader) {
    this.#world = world;
    this.#messages = messages;
    const shared = {
      ...{ journal: world.journal, messages, clock: () => world.clock },
      isDeadLetter: (group: SimulatedGroup, message: SentMessage) => deadLetters.has(group, message),
    };
    const instances = (group: SimulatedGroup) => (group.broadcasting ? group.clients : [undefined]);
    this.receivers = groups.flatMap((group) =>
      instances(group).flatMap((client) =>
        topicNames.map((topic) => new Receiver({ ...shared, group, topic, client })),
      ),
    );
    world.onBegin((isOrderly) => {
      this.#open = [];
      this.#repeatable = undefined;
      for (const receiver of this.receivers) if (!isOrderly) receiver.crashed();
    });
  }

  receive(): void {
    const { random } = this.#world;
    const receiver = random.pick(this.receivers);
    if (receiver === undefined) return;
    const client = this.#clientOf(receiver);
    const attemptId = random.chance(0.2) ? `attempt-${random.next()}` : undefined;
    if (attemptId !== undefined) this.#repeatable = { receiver, client, attemptId };
    this.#receive(receiver, client, {
      messagesMax: random.between(1, 6),
      invisibleMs: random.pick([1_000, 5_000, 10_000, 30_000]) ?? 0,
      waitMs: random.pick([0, 0, 500, 5_000]) ?? 0,
      ...(attemptId === undefined ? {} : { attemptId }),
    });
  }

  /** The same receive again, as if its answer had been lost. */
  repeatReceive(): void {
    if (this.#repeatable === undefined) return;
    const { receiver, client, attemptId } = this.#repeatable;
    this.#receive(receiver, client, { messagesMax: 6, invisibleMs: 10_000, waitMs: 0, attemptId });
  }

  /** Takes what there is for every receiver and acknowledges it; for the end of a run. */
  receiveAll(): void {
    for (const receiver of this.receivers)
      this.#receive(receiver, this.#clientOf(receiver), { messagesMax: 32, invisibleMs: 30_000, waitMs: 0 });
  }

  acknowledgeAll(): void {
    const newest = this.held;
    this.held = [];
    for (const receiver of this.receivers)
      this.#acknowledge(
        receiver,
        newest.filter((held) => held.receiver === receiver),
      );
  }

  acknowledge(): void {
    const one = this.#pickHeld();
    if (one === undefined) return;
    const { random } = this.#world;
    const same = this.held.filter((held) => held.receiver === one.receiver && held !== one);
    this.#acknowledge(one.receiver, [one, ...same.filter(() => random.chance(0.5))]);
  }

  /** Another invisible duration: a failed message that is to come again, or one that takes longer. */
  postpone(suspend: boolean): void {
    const { random, clock, journal, core } = this.#world;
    const held = this.#pickHeld();
    if (held === undefined) return;
    const invisibleMs = random.pick([0, 10, 1_000, 20_000]) ?? 0;
    const { id } = held.message;
    const name = `${suspend ? 'suspend' : 'postpone'} ${id} for ${held.receiver.name} by ${invisibleMs} ms`;
    journal.note(name);
    const untilMs = clock.now() + invisibleMs;
    const { notBeforeMs, durableNotBeforeMs, isCertain } = held;
    this.#use(held);
    const wasHeld = held.receiver.isHeldNow(held);
    held.notBeforeMs = Math.min(notBeforeMs, untilMs);
    held.durableNotBeforeMs = Math.min(durableNotBeforeMs, untilMs);
    const change = { invisibleMs, suspend };
    this.#world.follow(
      name,
      core.receiving.changeInvisibleDuration(this.#consumer(held.receiver), held.handle, change),
      {
        answered: (handle) => {
          journal.note(`${name}: done`);
          held.handle = handle;
          held.notBeforeMs = untilMs;
          held.durableNotBeforeMs = untilMs;
          held.isCertain = isCertain;
        },
        refused: ({ code }) => {
          if (code === 'UNAVAILABLE') return;
          if (wasHeld && isCertain && this.#isSimple(held))
            journal.violated(`${name}: the handle is refused`);
          held.notBeforeMs = notBeforeMs;
          held.durableNotBeforeMs = durableNotBeforeMs;
          held.isCertain = isCertain;
        },
        mayFail: ['RECEIPT_HANDLE_INVALID'],
      },
    );
  }

  forward(): void {
    const held = this.#pickHeld();
    if (held === undefined || held.receiver.group.broadcasting) return;
    const { journal, core } = this.#world;
    const name = `forward ${held.message.id} for ${held.receiver.name}`;
    journal.note(name);
    held.receiver.forwarding(held.message);
    this.#use(held);
    held.notBeforeMs = 0;
    const { receiver, message, handle } = held;
    const { epoch } = receiver;
    this.#world.follow(name, core.receiving.forwardToDeadLetters(this.#consumer(receiver), handle), {
      answered: () => {
        journal.note(`${name}: done`);
        if (receiver.epoch === epoch) receiver.acknowledged(message);
      },
      mayFail: ['RECEIPT_HANDLE_INVALID'],
    });
  }

  /** A client goes away: its receive ends, and what was on the way to it comes back. */
  cancel(): void {
    const { random, journal } = this.#world;
    const open = random.pick(this.#open);
    if (open === undefined) return;
    this.#open = this.#open.filter((one) => one !== open);
    journal.note(
      `cancel a receive of ${open.receiver.name} with ${open.held.map(({ message }) => message.id)}`,
    );
    for (const held of open.held) open.receiver.released(held);
    if (open.attemptId !== undefined) {
      this.#cancelledAttempts.add(open.attemptId);
      open.receiver.attemptCancelled(open.attemptId);
    }
    open.call.cancel();
  }

  /** Moves the group that is for that; the others must not notice. */
  reset(): void {
    const { random, clock, journal, core } = this.#world;
    const receiver = random.pick(this.receivers.filter(({ group }) => group.isReset === true));
    if (receiver === undefined) return;
    const timeMs = clock.now() - random.below(120_000);
    const wanted = random.pick(['earliest', 'latest', { timeMs }] as const) ?? 'earliest';
    const name = `reset ${receiver.name} on ${receiver.topic} to ${JSON.stringify(wanted)}`;
    journal.note(name);
    receiver.resetBegun();
    const { epoch } = receiver;
    this.#world.follow(name, core.offsets.reset(this.#consumer(receiver), wanted), {
      answered: () => {
        journal.note(`${name}: done`);
        if (receiver.epoch !== epoch) return;
        if (wanted === 'latest') receiver.resetDone(0, this.#sentSoFar());
        else receiver.resetDone(wanted === 'earliest' ? 0 : wanted.timeMs, 0);
      },
    });
  }

  #receive(receiver: Receiver, client: string, options: ReceiveOptions): void {
    const { core, journal } = this.#world;
    const { tag } = receiver.group;
    const { attemptId } = options;
    const call = core.receiving.receive(
      request({
        ...options,
        group: receiver.group.name,
        topic: receiver.topic,
        client,
        filter: tags(tag ?? '*'),
      }),
    );
    const open: Open = { call, receiver, attemptId, held: [] };
    this.#open.push(open);
    if (this.#open.length > 20) this.#open.shift();
    this.#world.follow(`receive for ${receiver.name}`, call.deliveries, {
      answered: (deliveries) => {
        // An instance of a broadcasting group gets what is sent from its first receive on.
        receiver.owedFrom = Math.min(receiver.owedFrom, this.#sentSoFar());
        if (deliveries.length === 0) return;
        const texts = deliveries.map(
          (one) => `${identify(one)} (attempt ${one.attempt}, offset ${one.offset})`,
        );
        journal.note(`${receiver.name} gets ${texts.join(', ')}`);
        open.held = receiver.delivered(deliveries, identify, attemptId);
        if (attemptId !== undefined && this.#cancelledAttempts.has(attemptId))
          receiver.attemptCancelled(attemptId);
        this.held.push(...open.held);
        if (this.held.length > HELD_MAX) this.held = this.held.slice(-HELD_MAX);
      },
    });
  }

  #acknowledge(receiver: Receiver, held: readonly Held[]): void {
    if (held.length === 0) return;
    const { core, journal } = this.#world;
    const { epoch } = receiver;
    const ids = held.map(({ message }) => message.id).join(' ');
    const certain = held.map((one) => one.isCertain && this.#isSimple(one) && receiver.isHeldNow(one));
    for (const one of held) this.#use(one);
    journal.note(`${receiver.name} acknowledges ${ids}`);
    const handles = held.map(({ handle }) => handle);
    this.#world.follow(`acknowledge ${ids}`, core.receiving.acknowledge(this.#consumer(receiver), handles), {
      answered: (results) => {
        if (receiver.epoch !== epoch) return;
        journal.note(`${receiver.name} has acknowledged ${ids}: ${results}`);
        for (const [index, { message, epoch: heldIn }] of held.entries()) {
          if (heldIn !== epoch) continue;
          if (results[index] === true) receiver.acknowledged(message);
          else if (certain[index])
            journal.violated(`${receiver.name} holds ${message.id}, yet cannot acknowledge it`);
        }
      },
      lost: () => {
        if (receiver.epoch !== epoch) return;
        for (const { message, epoch: heldIn } of held)
          if (heldIn === epoch) receiver.acknowledgementInDoubt(message);
      },
    });
  }

  /**
   * A call under way may end the handle. Whoever uses one has the answer that it came with, and does not repeat
   * the receive.
   */
  #use(held: Held): void {
    held.isCertain = false;
    if (held.attemptId === this.#repeatable?.attemptId) this.#repeatable = undefined;
  }

  /** Ordered messages come back when an earlier one does, and a reset voids every handle. */
  #isSimple({ message, receiver }: Held): boolean {
    return message.messageGroup === '' && receiver.epoch === 0;
  }

  /** Mostly one of the newest. */
  #pickHeld(): Held | undefined {
    const { random } = this.#world;
    return random.pick(random.chance(0.8) ? this.held.slice(-12) : this.held);
  }

  #clientOf({ client, group }: Receiver): string {
    return client ?? this.#world.random.pick(group.clients) ?? '';
  }

  #consumer(receiver: Receiver): Consumer {
    return { group: receiver.group.name, topic: receiver.topic, client: this.#clientOf(receiver) };
  }

  #sentSoFar(): number {
    return this.#messages.all.length;
  }
}

function identify({ message }: Delivery): string {
  return readIdentity(message.system).messageId;
}
