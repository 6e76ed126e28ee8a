import { newMessage } from '../core/core.spec.support.js';
import type { MessageToSend, Sent } from '../core/sending/sending.js';
import type { CheckBack } from '../core/transactions/transactions.js';
import { topics } from './catalog.spec.support.js';
import type { MessagePlan, SentMessage, SentMessages } from './sent-messages.spec.support.js';
import type { World } from './world.spec.support.js';

const MESSAGE_GROUPS = ['account-1', 'account-2', 'account-3'];
const DEDUPLICATION_IDS = 6;
const APPLICATION = 'paycore';

/** The simulated producers: they send messages of every type and decide their transactions. */
export class Producers {
  readonly #world: World;
  readonly #messages: SentMessages;
  #questions: SentMessage[] = [];

  constructor(world: World, messages: SentMessages) {
    this.#world = world;
    this.#messages = messages;
    world.checkBackAsked = (question) => this.#asked(question);
  }

  sendNormal(): void {
    const { random } = this.#world;
    this.#send(Array.from({ length: random.between(1, 3) }, () => ({ topic: topics.normal })));
  }

  sendOrdered(): void {
    const { random } = this.#world;
    const one = () => ({ topic: topics.ordered, messageGroup: random.pick(MESSAGE_GROUPS) ?? '' });
    this.#send(Array.from({ length: random.between(1, 2) }, one));
  }

  sendDelayed(): void {
    this.#send([{ topic: topics.delayed, deliverAtMs: this.#deliverAtMs() }]);
  }

  sendTransaction(): void {
    this.#send([{ topic: topics.transactional, isTransaction: true }]);
  }

  /** A message of any type under one of few deduplication ids, so that many are duplicates. */
  sendDeduplicated(): void {
    const { random } = this.#world;
    const deduplicationId = `d${random.below(DEDUPLICATION_IDS)}`;
    const plans: MessagePlan[] = [
      { topic: topics.normal, deduplicationId },
      { topic: topics.delayed, deduplicationId, deliverAtMs: this.#deliverAtMs() },
      { topic: topics.transactional, deduplicationId, isTransaction: true },
    ];
    this.#send([random.pick(plans) ?? { topic: topics.normal }]);
  }

  /** Ends a transaction; one that ended before is sometimes ended the other way, which must be refused. */
  endTransaction(): void {
    const { random } = this.#world;
    const open = this.#messages.all.filter(
      ({ isTransaction, transactionId }) => isTransaction && transactionId,
    );
    const message = random.pick(open.slice(-12));
    if (message !== undefined) this.#end(message, random.chance(0.65) ? 'commit' : 'rollback');
  }

  /** Commits all that is undecided; for the end of a run, when the outcome of everything is to be known. */
  commitUndecided(): void {
    for (const message of this.#messages.all) {
      const { isTransaction, transactionId, ending } = message;
      if (!isTransaction || transactionId === undefined) continue;
      if (ending.committed !== 'yes' && ending.rolledBack !== 'yes') this.#end(message, 'commit');
    }
  }

  /** Throws when a transaction is still undecided though `commitUndecided` has ended. */
  assertAllDecided(): void {
    for (const { id, transactionId, isTransaction, ending, fate } of this.#messages.all) {
      if (!isTransaction || fate !== 'stored') continue;
      if (transactionId === undefined)
        this.#world.journal.violated(`the half message ${id} was never asked about`);
      if (ending.committed === 'no' && ending.rolledBack === 'no')
        this.#world.journal.violated(`the half message ${id} cannot be ended`);
    }
  }

  recall(): void {
    const { random } = this.#world;
    const waiting = this.#messages.all.filter(
      (one) => one.recallHandle !== undefined && one.recalled === 'no',
    );
    const message = random.pick(waiting.slice(-12));
    if (message?.recallHandle === undefined) return;
    this.#world.journal.note(`recall ${message.id}`);
    message.recalled = 'asked';
    this.#world.follow(
      `recall ${message.id}`,
      this.#world.core.scheduled.recall(message.topic, message.recallHandle),
      {
        answered: (id) => {
          if (id !== message.id) this.#world.journal.violated(`recall of ${message.id} took back ${id}`);
          if (message.place !== undefined)
            this.#world.journal.violated(`${id} was recalled after it had appeared`);
          message.recalled = 'yes';
          this.#world.journal.note(`recalled ${message.id}`);
        },
        refused: () => {
          message.recalled = 'no';
        },
        mayFail: ['MESSAGE_NOT_FOUND'],
      },
    );
  }

  /** Answers what the broker asked about transactions, now and then not at all. */
  answerCheckBacks(): void {
    for (const message of this.#questions.splice(0))
      if (this.#world.random.chance(0.6))
        this.#end(message, message.number % 3 === 0 ? 'rollback' : 'commit');
  }

  #asked({ topic, transactionId, message: { system } }: CheckBack): void {
    const { journal } = this.#world;
    const message = this.#messages.identify(system);
    const { id, ending } = message;
    journal.note(`check-back for ${id}`);
    if (message.topic !== topic || !message.isTransaction) journal.violated(`check-back for ${id}`);
    if (ending.committed === 'yes' || ending.rolledBack === 'yes')
      journal.violated(`check-back for ${id}, which has ended`);
    // It may be asked about before it is durable, so this does not say that it is stored.
    message.transactionId ??= transactionId;
    this.#questions.push(message);
  }

  #deliverAtMs(): number {
    const { random, clock } = this.#world;
    const delayMs = random.pick([-5, 0, 1, 50, 900, 5_000, 61_000, 600_000]) ?? 0;
    return clock.now() + delayMs + (delayMs > 1 ? random.below(delayMs) : 0);
  }

  #send(plans: readonly MessagePlan[]): void {
    const { core, journal, random } = this.#world;
    const batch = this.#messages.begin(plans);
    const ids = batch.map(({ id }) => id).join(' ');
    journal.note(
      `send ${ids} to ${batch[0]?.topic} ${batch[0]?.messageGroup}${batch[0]?.deduplicationId ?? ''}`,
    );
    const request = {
      ...{ topic: batch[0]?.topic ?? '', application: APPLICATION, messages: batch.map(toSend) },
      ...(random.chance(0.2) ? { queue: random.below(2) } : {}),
    };
    this.#world.follow(`send ${ids}`, core.sending.send(request), {
      answered: (sent) => this.#sent(batch, sent),
      refused: () => this.#settleAs('refused', batch),
      lost: () => this.#settleAs('doubtful', batch),
    });
  }

  #sent(batch: readonly SentMessage[], sent: readonly Sent[]): void {
    for (const [index, message] of batch.entries()) {
      const receipt = sent[index];
      if (receipt === undefined) this.#world.journal.violated(`${message.id} got no receipt`);
      this.#messages.acknowledged(message, receipt.messageId, receipt.isDuplicate);
      const { id, fate } = message;
      this.#world.journal.note(
        fate === 'duplicate' ? `${id} duplicates ${receipt.messageId}` : `stored ${id}`,
      );
      if (receipt.isDuplicate) continue;
      message.transactionId = receipt.transactionId;
      message.recallHandle = receipt.recallHandle;
    }
  }

  #settleAs(fate: 'refused' | 'doubtful', batch: readonly SentMessage[]): void {
    for (const message of batch) {
      // What was seen before its answer came is stored, whatever the answer was going to be.
      if (message.fate === 'sending') message.fate = fate;
      else if (fate === 'refused')
        this.#world.journal.violated(`${message.id} was refused, yet it is stored`);
    }
  }

  #end(message: SentMessage, resolution: 'commit' | 'rollback'): void {
    const { journal, core } = this.#world;
    const { transactionId = '', topic, ending, id } = message;
    const wanted = resolution === 'commit' ? 'committed' : 'rolledBack';
    const opposite = resolution === 'commit' ? 'rolledBack' : 'committed';
    const mayBeEnded = ending.committed !== 'no' || ending.rolledBack !== 'no';
    const before = ending[wanted];
    if (before === 'no') ending[wanted] = 'asked';
    journal.note(`${resolution} ${id}`);
    this.#world.follow(`${resolution} ${id}`, core.transactions.end(topic, transactionId, resolution), {
      answered: () => {
        this.#messages.isStored(message);
        if (ending[opposite] === 'yes') journal.violated(`${resolution} of ${id} after the opposite`);
        ending[wanted] = 'yes';
        if (ending[opposite] === 'asked') ending[opposite] = 'no';
        journal.note(`${resolution} ${id} done`);
      },
      refused: ({ code }) => {
        if (before === 'no' && ending[wanted] === 'asked') ending[wanted] = 'no';
        if (code !== 'TRANSACTION_UNKNOWN') return;
        if (!mayBeEnded && ending[opposite] === 'no' && message.fate === 'stored')
          journal.violated(`the half message ${id} is unknown`);
        // It has ended, so where only one call can have done that, that call did.
        if (ending[wanted] === 'asked' && ending[opposite] === 'no') ending[wanted] = 'yes';
        if (ending[opposite] === 'asked' && ending[wanted] === 'no') ending[opposite] = 'yes';
      },
      mayFail: ['TRANSACTION_UNKNOWN'],
    });
  }
}

function toSend(message: SentMessage): MessageToSend {
  const { id, tag, messageGroup, deliverAtMs, isTransaction, deduplicationId } = message;
  return {
    ...newMessage(id, tag, messageGroup),
    ...(deliverAtMs === 0 ? {} : { deliverAtMs }),
    ...(isTransaction ? { transaction: { firstCheckMs: undefined } } : {}),
    ...(deduplicationId === undefined ? {} : { deduplicationId }),
  };
}
