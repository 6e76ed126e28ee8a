import { NomosError, retryPolicySchema } from '@nomos/schemas';
import { groupOfDeadLetterTopic } from '../core/catalog.js';
import type {
  AdminBackend,
  AdminGroup,
  AdminGroupSettings,
  AdminMessage,
  AdminTopic,
  BrokerRuntime,
  ConnectedClient,
  FindRequest,
  QueueProgress,
  QueueState,
  ResetRequest,
} from './admin-backend.js';

export const START_MS = Date.UTC(2026, 0, 2, 3, 4, 5);
export const TOPIC = 'pay-paycore-transfer-completed';
export const GROUP = 'cg-sms-notify';
export const EMPTY_TOPIC = 'pay-paycore-transfer-rejected';

/** A message at the place that the backend gives it when it is appended. */
export type GivenMessage = Partial<AdminMessage> & Pick<AdminMessage, 'messageId'>;

/**
 * The rules of AdminBackend over plain lists, for the specs of the protocol: what the registry owns stays, offsets
 * count up from 0, progress is one number a queue.
 */
export class MemoryAdminBackend implements AdminBackend {
  readonly #topics = new Map<string, AdminTopic>();
  readonly #groups = new Map<string, AdminGroup>();
  readonly #messages = new Map<string, AdminMessage[][]>();
  readonly #offsets = new Map<string, number>();
  readonly connected: ConnectedClient[] = [];
  /** Of each queue, of what was delivered. */
  inWork = 0;

  constructor() {
    for (const name of [TOPIC, EMPTY_TOPIC]) {
      this.#topics.set(name, { name, messageType: 'NORMAL', queues: 2, origin: 'registry' });
    }
    const filter = { type: 'tag', expression: 'OUT || FEE' } as const;
    const subscriptions = [{ topic: TOPIC, filter }];
    const retry = retryPolicySchema.parse({ maxAttempts: 3, delaysMs: [1_000, 5_000] });
    this.#groups.set(GROUP, { name: GROUP, retry, ordered: false, origin: 'registry', subscriptions });
  }

  append(topic: string, queue: number, given: GivenMessage): AdminMessage {
    const messages = this.#queue(topic, queue);
    const message: AdminMessage = {
      ...{ tag: '', keys: [], messageGroup: '', deliverAtMs: 0, deadLetterOf: '', properties: {} },
      ...{ body: Buffer.from('body'), bornAtMs: START_MS, bornHost: '10.0.0.7:4711', storedAtMs: START_MS },
      ...given,
      ...{ topic, queue, offset: messages.length },
    };
    messages.push(message);
    return message;
  }

  topics(): readonly AdminTopic[] {
    return [...this.#topics.values()];
  }

  topic(name: string): AdminTopic | undefined {
    return this.#topics.get(name);
  }

  async saveTopic(topic: Omit<AdminTopic, 'origin'>): Promise<void> {
    assertOwn('topic', this.#topics.get(topic.name));
    this.#topics.set(topic.name, { ...topic, origin: 'broker' });
  }

  async deleteTopic(name: string): Promise<void> {
    assertOwn('topic', this.#topics.get(name));
    this.#topics.delete(name);
    this.#messages.delete(name);
  }

  queues(topic: string): readonly QueueState[] {
    return Array.from({ length: this.#queueCount(topic) }, (_, queue) => {
      const messages = this.#queue(topic, queue);
      const lastStoredAtMs = messages.at(-1)?.storedAtMs ?? 0;
      return { queue, minOffset: 0, maxOffset: messages.length, lastStoredAtMs };
    });
  }

  offsetAt(topic: string, queue: number, timeMs: number): number {
    const messages = this.#queue(topic, queue);
    const index = messages.findIndex(({ storedAtMs }) => storedAtMs >= timeMs);
    return index < 0 ? messages.length : index;
  }

  groups(): readonly AdminGroup[] {
    return [...this.#groups.values()];
  }

  group(name: string): AdminGroup | undefined {
    return this.#groups.get(name);
  }

  async saveGroup(group: AdminGroupSettings): Promise<void> {
    assertOwn('group', this.#groups.get(group.name));
    this.#groups.set(group.name, { ...group, origin: 'broker', subscriptions: [] });
  }

  async deleteGroup(name: string): Promise<void> {
    assertOwn('group', this.#groups.get(name));
    this.#groups.delete(name);
  }

  async progress(groupName: string): Promise<readonly QueueProgress[]> {
    const group = this.#groups.get(groupName);
    return (group?.subscriptions ?? []).flatMap(({ topic }) =>
      this.queues(topic).map(({ queue, maxOffset }) => {
        const deliveredOffset = this.#offsets.get(`${groupName} ${topic} ${queue}`) ?? 0;
        const lastStoredAtMs = this.#queue(topic, queue)[deliveredOffset - 1]?.storedAtMs ?? 0;
        const inWork = Math.min(this.inWork, deliveredOffset);
        return { topic, queue, brokerOffset: maxOffset, deliveredOffset, inWork, lastStoredAtMs };
      }),
    );
  }

  async reset({ group, topic, queue, to, onlyBack }: ResetRequest) {
    const states = this.queues(topic).filter((state) => queue === undefined || state.queue === queue);
    return states.map((state) => {
      const key = `${group} ${topic} ${state.queue}`;
      const wanted = this.#targetOffset(topic, state, to);
      const offset = onlyBack ? Math.min(wanted, this.#offsets.get(key) ?? 0) : wanted;
      this.#offsets.set(key, offset);
      return { queue: state.queue, offset };
    });
  }

  clients(): readonly ConnectedClient[] {
    return this.connected;
  }

  *find({ topic, by, text, fromMs, toMs }: FindRequest): Iterable<AdminMessage> {
    const stored = (this.#messages.get(topic) ?? []).flat();
    for (const message of stored.sort((one, other) => one.storedAtMs - other.storedAtMs)) {
      const isMeant = by === 'id' ? message.messageId === text : message.keys.includes(text);
      if (isMeant && message.storedAtMs >= fromMs && message.storedAtMs <= toMs) yield message;
    }
  }

  messageAt(topic: string, queue: number, offset: number): AdminMessage | undefined {
    return this.#messages.get(topic)?.[queue]?.[offset];
  }

  runtime(): BrokerRuntime {
    return { version: '0.1.0', startedAtMs: START_MS, earliestStoredAtMs: START_MS, diskUsedRatio: 0.25 };
  }

  #queueCount(topic: string): number {
    const group = groupOfDeadLetterTopic(topic);
    const count = group !== undefined && this.#groups.has(group) ? 1 : this.#topics.get(topic)?.queues;
    if (count !== undefined) return count;
    throw new NomosError('TOPIC_NOT_REGISTERED', `There is no topic "${topic}".`);
  }

  #queue(topic: string, queue: number): AdminMessage[] {
    const queues = this.#messages.get(topic) ?? Array.from({ length: this.#queueCount(topic) }, () => []);
    this.#messages.set(topic, queues);
    const messages = queues[queue] ?? [];
    queues[queue] = messages;
    return messages;
  }

  #targetOffset(topic: string, { queue, maxOffset }: QueueState, to: ResetRequest['to']): number {
    if (to === 'latest') return maxOffset;
    const wanted = 'offset' in to ? to.offset : this.offsetAt(topic, queue, to.timeMs);
    return Math.min(Math.max(wanted, 0), maxOffset);
  }
}

function assertOwn(
  kind: string,
  entry: { readonly name: string; readonly origin: string } | undefined,
): void {
  if (entry?.origin !== 'registry') return;
  throw new NomosError('FORBIDDEN', `The ${kind} "${entry.name}" is owned by the registry.`, {
    fix: 'Change it in the registry.',
  });
}
