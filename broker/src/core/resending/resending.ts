import { setImmediate as nextTurn } from 'node:timers/promises';
import { NomosError } from '@nomos/schemas';
import { deadLetterTopic } from '../catalog.js';
import type { Clock } from '../clock.js';
import { originIdOf } from '../log/indexed-texts.js';
import type { MessageWriter, Staged } from '../log/message-writer.js';
import { decodeStoredMessage } from '../log/stored-message.js';
import type { NewMessage, TopicLog } from '../log/topic-log.js';
import type { Topics } from '../log/topics.js';
import type { FoundMessage, MessageSearch } from '../search/message-search.js';
import { searchLimits } from '../search/search-limits.js';
import { storedQueues } from '../search/stored-queues.js';
import type { Store } from '../store.js';
import { withProvenance } from './provenance.js';
import { resendLimits } from './resend-limits.js';
import { ResendReport } from './resend-report.js';
import type { ResendRequest, ResendResult } from './resend-request.js';
import { type SelectedPage, selectPages } from './select-pages.js';

export interface ResendingOptions {
  readonly store: Store;
  readonly topics: Topics;
  readonly writer: MessageWriter;
  readonly search: MessageSearch;
  readonly clock: Clock;
  /** An id that no message has. */
  readonly newMessageId: () => string;
  /** Throws STORAGE_FULL when the disk takes no more messages. */
  readonly assertStorage: () => void;
}

/** A message that is to be resent, and where to. */
interface Choice {
  readonly found: FoundMessage;
  readonly topic: string;
  readonly onlyGroup: string;
}

/**
 * Sends stored messages once more, as new messages that say where they come from. Dead letters go back to the
 * topic in which they were given up, to their group alone. A delay that a message had is over and is not repeated.
 *
 * Every batch is atomic and the index remembers the original, so after a crash or a failure the same call resends
 * exactly the rest. Calls follow one another, since two at a time would not see what the other resends.
 */
export class Resending {
  readonly #options: ResendingOptions;
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  constructor(options: ResendingOptions) {
    this.#options = options;
  }

  /**
   * Resolves once everything is durable. Throws REQUEST_INVALID, TOPIC_NOT_REGISTERED, GROUP_NOT_REGISTERED,
   * TOO_MANY_REQUESTS, STORAGE_FULL and UNAVAILABLE; what was resent before a failure stays resent.
   */
  async resend(request: ResendRequest): Promise<ResendResult> {
    this.#check(request);
    if (this.#waiting >= resendLimits.waiting) {
      const message = `${resendLimits.waiting} calls that resend messages wait for one another.`;
      throw new NomosError('TOO_MANY_REQUESTS', message, { fix: 'Try again when some of them have ended.' });
    }
    this.#waiting++;
    const call = this.#last.then(() => this.#resend(request));
    this.#last = call.catch(() => undefined);
    try {
      return await call;
    } finally {
      this.#waiting--;
    }
  }

  async #resend(request: ResendRequest): Promise<ResendResult> {
    const report = new ResendReport();
    let last: SelectedPage | undefined;
    const room = () => Math.min(request.limit - report.resent.length, resendLimits.batch);
    for (const page of selectPages(this.#options.search, request, room)) {
      last = page;
      for (const id of page.gone) report.skip(id, 'gone');
      const choices = this.#choose(request, page.found, report);
      await this.#resendBatch(request, choices, report);
      // An empty page is one of a search that read as much as it may.
      report.examined += page.found.length + page.gone.length || searchLimits.examined;
      if (report.resent.length >= request.limit || report.examined >= resendLimits.examined) break;
      // A page of which everything is skipped waits for nothing; other work gets its turn all the same.
      await nextTurn();
    }
    return report.result(last);
  }

  /** The messages of a page that are to be resent; the others are noted as skipped. */
  #choose(request: ResendRequest, page: readonly FoundMessage[], report: ResendReport): Choice[] {
    const choices: Choice[] = [];
    for (const found of page) {
      const choice = this.#place(request, found);
      const byWindow = 'topic' in request && !('ids' in request.select);
      if (choice === undefined) report.skip(found.messageId, 'topic-not-registered');
      else if (byWindow && originIdOf(found.message.rest) !== undefined)
        report.skip(found.messageId, 'is-resent');
      else if (report.isTaken(choice.topic, found.messageId)) report.skip(found.messageId, 'resent-before');
      else if (request.again !== true && this.#wasResent(choice))
        report.skip(found.messageId, 'resent-before');
      else {
        report.take(choice.topic, found.messageId);
        choices.push(choice);
      }
    }
    return choices;
  }

  #place(request: ResendRequest, found: FoundMessage): Choice | undefined {
    if ('topic' in request)
      return { found, topic: request.topic, onlyGroup: request.onlyGroup ?? found.message.onlyGroup };
    const topic = found.message.deadLetterOf;
    if (this.#options.topics.findTerms(topic) === undefined) return undefined;
    return { found, topic, onlyGroup: request.deadLettersOf };
  }

  /** Whether the topic has a repetition of the message for the same receivers. */
  #wasResent({ found, topic, onlyGroup }: Choice): boolean {
    const log = this.#options.topics.known(topic);
    if (log === undefined) return false;
    for (const queue of storedQueues(this.#options.store, log)) {
      for (const { value } of log.withText('origin', found.messageId, queue)) {
        if (decodeStoredMessage(value).onlyGroup === onlyGroup) return true;
      }
    }
    return false;
  }

  async #resendBatch(
    request: ResendRequest,
    choices: readonly Choice[],
    report: ResendReport,
  ): Promise<void> {
    if (request.dryRun || choices.length === 0) {
      for (const { found, topic } of choices) report.resent.push({ originalId: found.messageId, topic });
      return;
    }
    const { topics, writer, assertStorage } = this.#options;
    assertStorage();
    const logs = new Map<string, TopicLog>();
    for (const { topic } of choices) if (!logs.has(topic)) logs.set(topic, await topics.open(topic));
    const made = choices.map((choice) => ({ ...choice, message: this.#make(choice) }));
    writer.assertRoom(made.map(({ message }) => message));
    // All that may fail comes before the first offset is given away.
    const placed = [...logs].map(([topic, log]) => ({ topic, log, queues: topics.terms(topic).queues }));
    const staged: Staged[] = placed.map(({ topic, log, queues }) => {
      const messages = made.filter((one) => one.topic === topic).map(({ message }) => message);
      return writer.stage(log, { queues }, messages);
    });
    await writer.commit(staged);
    for (const { found, topic, message } of made) {
      report.resent.push({ originalId: found.messageId, newId: message.messageId, topic });
    }
  }

  #make({ found, onlyGroup }: Choice): NewMessage {
    const { clock, newMessageId } = this.#options;
    const ids = { originalId: found.messageId, newId: newMessageId() };
    const stored = withProvenance({ ...found.message, deadLetterOf: '', onlyGroup }, ids, clock.now());
    return { messageId: ids.newId, keys: found.keys, originId: ids.originalId, stored };
  }

  #check(request: ResendRequest): void {
    const { limit, select } = request;
    if (!Number.isInteger(limit) || limit < 1 || limit > resendLimits.resent)
      throw refused('limit', `a whole number from 1 to ${resendLimits.resent}`);
    if ('ids' in select && (select.ids.length < 1 || select.ids.length > resendLimits.resent))
      throw refused('select.ids', `1 to ${resendLimits.resent} message ids`);
    if ('ids' in select && request.page !== undefined)
      throw refused('page', 'no page with a selection by ids, which is simply repeated');
    const { topics } = this.#options;
    if ('topic' in request) topics.terms(request.topic);
    const group = 'topic' in request ? request.onlyGroup : request.deadLettersOf;
    // A group has a topic for its dead letters exactly if it is registered.
    if (group === undefined || topics.findTerms(deadLetterTopic(group)) !== undefined) return;
    const message = `The consumer group "${group}" is not registered in this environment.`;
    throw new NomosError('GROUP_NOT_REGISTERED', message);
  }
}

function refused(where: string, expected: string): NomosError {
  const violation = { rule: 'resend-request', message: `${where} is not ${expected}.`, where, expected };
  return new NomosError('REQUEST_INVALID', 'The messages to resend are not well described.', {
    violations: [violation],
    fix: `Give ${expected}.`,
  });
}
