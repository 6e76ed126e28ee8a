import { type MessageFilter, matchesMessageFilter, NomosError } from '@nomos/schemas';
import { brokerLimits } from '../broker-limits.js';
import type { Clock } from '../clock.js';
import {
  decodeStoredMessage,
  isForGroup,
  type StoredMessage,
  StoredMessageView,
} from '../log/stored-message.js';
import type { TopicLog } from '../log/topic-log.js';
import type { Topics } from '../log/topics.js';
import type { WaitingCount } from '../waiting-count.js';

export interface PullRequest {
  readonly application: string;
  readonly group: string;
  readonly topic: string;
  readonly queue: number;
  /** The first offset to look at; before the oldest message there is, it counts as that one. */
  readonly offset: number;
  readonly filter: MessageFilter;
  /** Read when messages are about to be read, which may be long after the pull began. */
  readonly messagesMax: number;
  /** How long to wait when there is nothing yet; 0 answers at once. */
  readonly waitMs: number;
}

export interface PulledMessage {
  readonly offset: number;
  readonly message: StoredMessage;
}

export interface Pulled {
  readonly messages: readonly PulledMessage[];
  /** Where to go on. */
  readonly nextOffset: number;
}

export interface PullCall {
  readonly pulled: Promise<Pulled>;
  readonly cancel: () => void;
}

/**
 * Reading a queue from an offset of the client's choice. Nothing is marked as delivered: the client keeps
 * count itself, and may tell it by `Offsets.update`.
 */
export class Pulling {
  readonly #topics: Topics;
  readonly #clock: Clock;
  readonly #waitingCount: WaitingCount;
  /** Those who wait for something new, by topic. */
  readonly #waiting = new Map<string, Set<() => void>>();
  #isClosed = false;

  constructor(topics: Topics, clock: Clock, waitingCount: WaitingCount) {
    this.#waitingCount = waitingCount;
    this.#topics = topics;
    this.#clock = clock;
  }

  /** Throws TOPIC_NOT_REGISTERED, REQUEST_INVALID for an offset beyond the end, TOO_MANY_REQUESTS. */
  pull(request: PullRequest): PullCall {
    let stopWaiting = () => {};
    let isCancelled = false;
    const pulled = this.#pull(
      request,
      () => isCancelled,
      (stop) => {
        stopWaiting = stop;
        if (isCancelled) stop();
      },
    );
    const cancel = () => {
      isCancelled = true;
      stopWaiting();
    };
    return { pulled, cancel };
  }

  /** To be called when a topic has new messages. */
  serveTopic(topic: string): void {
    for (const look of [...(this.#waiting.get(topic) ?? [])]) look();
  }

  /** Answers those who wait, and from now on everybody at once. */
  close(): void {
    this.#isClosed = true;
    for (const topic of [...this.#waiting.keys()]) this.serveTopic(topic);
  }

  async #pull(
    request: PullRequest,
    isCancelled: () => boolean,
    onWaiting: (stop: () => void) => void,
  ): Promise<Pulled> {
    const { topic, queue, offset, waitMs } = request;
    assertQueue(topic, queue, this.#topics.terms(topic).queues);
    const log = await this.#topics.open(topic);
    assertOffset(log, queue, offset);
    const pulled = look(log, request, offset);
    if (pulled.messages.length > 0 || waitMs <= 0 || this.#isClosed || pulled.nextOffset < log.end(queue))
      return pulled;
    const { nextOffset } = pulled;
    const untilMs = this.#clock.now() + waitMs;
    // What is new may be in another queue of the topic.
    do {
      await this.#somethingNew(request, untilMs - this.#clock.now(), onWaiting);
    } while (
      !this.#isClosed &&
      !isCancelled() &&
      log.end(queue) <= nextOffset &&
      this.#clock.now() < untilMs
    );
    return look(log, request, nextOffset);
  }

  #somethingNew(
    { topic, application }: PullRequest,
    waitMs: number,
    onWaiting: (stop: () => void) => void,
  ): Promise<void> {
    this.#waitingCount.enter(application);
    return new Promise((resolve) => {
      const ofTopic = this.#waiting.get(topic) ?? new Set();
      this.#waiting.set(topic, ofTopic);
      const stop = () => {
        cancelTimer();
        if (!ofTopic.delete(stop)) return;
        this.#waitingCount.leave(application);
        if (ofTopic.size === 0 && this.#waiting.get(topic) === ofTopic) this.#waiting.delete(topic);
        resolve();
      };
      const cancelTimer = this.#clock.setTimer(waitMs, stop);
      ofTopic.add(stop);
      onWaiting(stop);
    });
  }
}

function assertQueue(topic: string, queue: number, queues: number): void {
  if (Number.isInteger(queue) && queue >= 0 && queue < queues) return;
  const expected = `a queue of 0 to ${queues - 1}`;
  const message = `The topic "${topic}" has no queue ${queue}.`;
  const violations = [{ rule: 'queue', message, expected }];
  throw new NomosError('REQUEST_INVALID', message, { violations, fix: `Give ${expected}.` });
}

function assertOffset(log: TopicLog, queue: number, offset: number): void {
  if (offset >= 0 && offset <= log.end(queue)) return;
  const expected = `an offset of 0 to ${log.end(queue)}`;
  const message = `The offset ${offset} is not one of queue ${queue}.`;
  throw new NomosError('REQUEST_INVALID', message, {
    violations: [{ rule: 'offset', message, expected }],
    fix: `Give ${expected}; QueryOffset tells the first and the last.`,
  });
}

/** What there is from the offset on, at most as much as one receive would give. */
function look(log: TopicLog, request: PullRequest, fromOffset: number): Pulled {
  const { group, queue, filter } = request;
  const messages: PulledMessage[] = [];
  let nextOffset = fromOffset;
  const messagesMax = nextOffset < log.end(queue) ? request.messagesMax : 0;
  if (messagesMax <= 0) return { messages, nextOffset };
  let bytes = 0;
  let seen = 0;
  const most = messagesMax + brokerLimits.skippedPerTurn;
  for (const { offset, value } of log.scan(queue, nextOffset, most)) {
    seen++;
    nextOffset = offset + 1;
    const isWanted = isForGroup(value, group) && matchesMessageFilter(filter, new StoredMessageView(value));
    if (!isWanted) continue;
    messages.push({ offset, message: decodeStoredMessage(value) });
    bytes += value.length;
    if (messages.length >= messagesMax || bytes >= brokerLimits.receiveBytes) return { messages, nextOffset };
  }
  return { messages, nextOffset: seen < most ? log.end(queue) : nextOffset };
}
