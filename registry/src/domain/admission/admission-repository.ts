import type {
  Application,
  ConsumerGroup,
  Environment,
  ProducerGroup,
  Subscription,
  Topic,
} from '@nomos/schemas';
import type { SessionRecord } from '../repositories.js';
import type { SubscriptionChangeRecord } from './subscription-change-repository.js';

/** Who a manifest is of, and the groups that it names. */
export interface AdmissionScope {
  readonly environment: string;
  readonly application: string;
  readonly producerGroups: readonly string[];
  readonly consumerGroups: readonly string[];
}

/** What a manifest names, and when. */
export interface AdmissionQuery extends AdmissionScope {
  readonly topics: readonly string[];
  readonly now: Date;
  /** Whether to look at the sessions beside it, and the one that is not meant. */
  readonly others?: { readonly except: string | undefined; readonly countMax: number };
}

/** What is stored about it, also what is retired or only requested. */
export interface StoredFacts {
  readonly environment: Environment | undefined;
  /** The environment's. */
  readonly revision: number;
  readonly topics: readonly Topic[];
  readonly producerGroups: readonly ProducerGroup[];
  readonly consumerGroups: readonly ConsumerGroup[];
  /** Subscriptions of the consumer groups that are in use. */
  readonly subscriptions: readonly Subscription[];
  /** The application itself, and the owners of the topics and groups. */
  readonly applications: readonly Application[];
  /** Changes of the groups' subscriptions that run. */
  readonly changes: readonly SubscriptionChangeRecord[];
  readonly quarantined: readonly string[];
  /** For each consumer group one other live session that has it too, if there is. */
  readonly otherSessions: readonly SessionRecord[];
  /** Live sessions of the application, counted up to `countMax`. */
  readonly liveSessions: number;
}

export interface AdmissionRepository {
  /** All facts of one moment, in one round trip: every client comes here every few seconds. */
  facts(query: AdmissionQuery): Promise<StoredFacts>;
  /** A text that changes with everything that the facts of a renewal are made from. */
  mark(query: AdmissionScope): Promise<string>;
}
