import type { Filter, RetryPolicy, TopicMessageType } from '@nomos/schemas';

/** Who made an entry. What the registry owns can be seen through the admin plane, but only the registry changes it. */
export type Origin = 'registry' | 'broker';

export interface AdminTopic {
  readonly name: string;
  readonly messageType: TopicMessageType;
  readonly queues: number;
  readonly origin: Origin;
}

/** What one queue of a topic holds. */
export interface QueueState {
  readonly queue: number;
  /** The offset of the oldest message that is still there. */
  readonly minOffset: number;
  /** The offset after the newest message. */
  readonly maxOffset: number;
  /** When the newest message was stored; 0 for none. */
  readonly lastStoredAtMs: number;
}

export interface AdminSubscription {
  readonly topic: string;
  readonly filter: Filter;
}

/** What may be set of a consumer group. */
export interface AdminGroupSettings {
  readonly name: string;
  readonly retry: RetryPolicy;
  /** Whether the messages of one message group are delivered one after the other. */
  readonly ordered: boolean;
}

export interface AdminGroup extends AdminGroupSettings {
  readonly origin: Origin;
  readonly subscriptions: readonly AdminSubscription[];
}

/** How far a group has come in one queue of a topic. */
export interface QueueProgress {
  readonly topic: string;
  readonly queue: number;
  /** The offset after the newest message of the queue. */
  readonly brokerOffset: number;
  /** Everything below was delivered at least once, or passed over. */
  readonly deliveredOffset: number;
  /** Messages below that which were delivered and are not finished. */
  readonly inWork: number;
  /** When the last delivered message was stored; 0 for none. */
  readonly lastStoredAtMs: number;
}

/** A client that was heard of lately. */
export interface ConnectedClient {
  readonly clientId: string;
  /** `host:port` it calls from. */
  readonly address: string;
  /** A name of v2's `Language`, such as `NODE_JS`. */
  readonly language: string;
  /** The version that the client tells of itself, such as `5.1.4`. */
  readonly version: string;
  readonly producerGroups: readonly string[];
  /** The topics that a producer listed. */
  readonly publishes: readonly string[];
  /** The group of a consumer, with what this instance subscribes. */
  readonly consumes?: {
    readonly group: string;
    readonly subscriptions: readonly AdminSubscription[];
    /** `push` for a consumer that is called with its messages, `pull` for one that asks for them. */
    readonly kind: 'push' | 'pull';
    readonly broadcast: boolean;
  };
}

/** A stored message with its place. */
export interface AdminMessage {
  readonly topic: string;
  readonly queue: number;
  readonly offset: number;
  readonly messageId: string;
  /** Empty for none. */
  readonly tag: string;
  readonly keys: readonly string[];
  /** Empty for none. */
  readonly messageGroup: string;
  /** When a delayed message is due; 0 for other messages. */
  readonly deliverAtMs: number;
  /** The topic in which a dead letter was given up; empty for other messages. */
  readonly deadLetterOf: string;
  readonly properties: Readonly<Record<string, string>>;
  readonly body: Buffer;
  readonly bornAtMs: number;
  /** As the sender told it: `address:port`, an address or a name; empty for none. */
  readonly bornHost: string;
  readonly storedAtMs: number;
}

/** Messages of a topic by id or key, stored from `fromMs` to `toMs`, both included. */
export interface FindRequest {
  readonly topic: string;
  readonly by: 'id' | 'key';
  readonly text: string;
  readonly fromMs: number;
  readonly toMs: number;
}

/** Where a group shall go on. A time or offset beyond what a queue holds means its nearer end. */
export interface ResetRequest {
  readonly group: string;
  readonly topic: string;
  /** One queue; all of the topic's when missing. */
  readonly queue?: number;
  readonly to: { readonly timeMs: number } | { readonly offset: number } | 'latest';
  /** Leaves a queue alone where the group would go forward. */
  readonly onlyBack: boolean;
}

/** What the process tells of itself; what it does not measure is missing. */
export interface BrokerRuntime {
  /** The version of this broker, such as `0.1.0`. */
  readonly version: string;
  readonly startedAtMs: number;
  /** When the oldest message that is still there was stored. */
  readonly earliestStoredAtMs?: number;
  /** How full the disk of the data folder is, from 0 to 1. */
  readonly diskUsedRatio?: number;
  readonly storedPerSecond?: number;
  readonly deliveredPerSecond?: number;
}

/**
 * What the admin plane needs of the broker. Names that exist are `topics()` and `groups()`; the dead letters of a
 * group, `%DLQ%<group>`, can be given wherever a topic is read, but are not listed.
 */
export interface AdminBackend {
  topics(): readonly AdminTopic[];
  topic(name: string): AdminTopic | undefined;
  /** Creates a topic of this broker, or changes one; durable once resolved. Throws FORBIDDEN for the registry's. */
  saveTopic(topic: Omit<AdminTopic, 'origin'>): Promise<void>;
  /**
   * Deletes a topic of this broker with its messages, or the messages of one that the registry does not list any more.
   * Throws FORBIDDEN for the registry's.
   */
  deleteTopic(name: string): Promise<void>;
  /** Every queue of a topic, empty ones too. Throws TOPIC_NOT_REGISTERED. */
  queues(topic: string): readonly QueueState[];
  /**
   * The offset of the first message that was stored at or after a time; the end of the queue if there is none.
   * Throws TOPIC_NOT_REGISTERED.
   */
  offsetAt(topic: string, queue: number, timeMs: number): number;

  groups(): readonly AdminGroup[];
  group(name: string): AdminGroup | undefined;
  /** As saveTopic, for consumer groups. */
  saveGroup(group: AdminGroupSettings): Promise<void>;
  /** As deleteTopic, for consumer groups; the group's progress goes as well when `forgetProgress`. */
  deleteGroup(name: string, forgetProgress: boolean): Promise<void>;
  /** Every queue of the topics that the group subscribes; none of a broadcasting group. Throws GROUP_NOT_REGISTERED. */
  progress(group: string): Promise<readonly QueueProgress[]>;
  /** Moves a group, for the next delivery on; durable once resolved. Throws GROUP_NOT_REGISTERED, TOPIC_NOT_REGISTERED. */
  reset(request: ResetRequest): Promise<readonly { readonly queue: number; readonly offset: number }[]>;

  clients(): readonly ConnectedClient[];

  /** In the order in which they were stored, then by queue and offset. Reads no further than it is asked to. */
  find(request: FindRequest): Iterable<AdminMessage>;
  messageAt(topic: string, queue: number, offset: number): AdminMessage | undefined;

  runtime(): BrokerRuntime;
}
