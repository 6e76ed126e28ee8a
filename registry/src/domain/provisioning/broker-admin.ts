import type { ProvisionedKind } from '@nomos/schemas';

/** How a topic is set up at a broker. */
export interface TopicSettings {
  readonly readQueues: number;
  readonly writeQueues: number;
  /** RocketMQ's PermName: 6 for reading and writing. */
  readonly permission: number;
  readonly messageType: string;
}

/** How a consumer group is set up at a broker. */
export interface GroupSettings {
  /** Whether it may consume at all. */
  readonly enabled: boolean;
  readonly ordered: boolean;
  readonly maxAttempts: number;
  /** Before each retry; empty where the broker has another kind of policy. */
  readonly delaysMs: readonly number[];
}

/** A topic or group as it is to be. */
export type EntrySettings =
  | { readonly kind: 'topic'; readonly name: string; readonly settings: TopicSettings }
  | { readonly kind: 'consumer-group'; readonly name: string; readonly settings: GroupSettings };

/** A topic or group as it is found, at every master of a cluster that has it. */
export interface FoundEntry {
  readonly copies: readonly (TopicSettings | GroupSettings)[];
  /** Whether every master has it. */
  readonly everywhere: boolean;
  /** Whether the broker has it from this registry already: the embedded one, by the edge bundle. */
  readonly fromRegistry: boolean;
}

/**
 * What an administrator does at the brokers of one environment. All of it can be repeated without harm. Everything
 * throws NomosError: UNAVAILABLE, TIMEOUT or CLOSED when the broker cannot be asked now, BROKER_REFUSED or
 * TOO_MANY_REQUESTS when it does not do it.
 */
export interface BrokerAdmin {
  /** Asks anew which masters there are; to be called before each series of other calls. */
  refresh(): Promise<void>;
  /** Everything of the kind, without what the engine keeps for itself. */
  list(kind: ProvisionedKind): Promise<ReadonlyMap<string, FoundEntry>>;
  /** Undefined where no master has it. Groups are as they were when first asked for after `refresh`. */
  find(kind: ProvisionedKind, name: string): Promise<FoundEntry | undefined>;
  /** Creates or changes it at every master. */
  save(entry: EntrySettings): Promise<void>;
  /** Deletes it at every master, with its messages or progress; what is not there is as good as deleted. */
  delete(kind: ProvisionedKind, name: string): Promise<void>;
  /** Whether clients of the group are connected. */
  hasConsumers(group: string): Promise<boolean>;
  close(): void;
}

/** How the brokers of an environment are reached. */
export interface BrokerTarget {
  readonly endpoints: readonly string[];
  readonly tls: boolean;
  readonly certificateAuthority?: string;
  readonly credentials?: { readonly accessKey: string; readonly secretKey: string };
}

/** Connects with the first request. */
export type ConnectBrokerAdmin = (target: BrokerTarget) => BrokerAdmin;
