import { isLegalRocketmqGroup, isLegalRocketmqTopic, NomosError, type ProvisionedKind } from '@nomos/schemas';
import { z } from 'zod';
import type {
  BrokerAdmin,
  BrokerTarget,
  EntrySettings,
  FoundEntry,
} from '../domain/provisioning/broker-admin.js';
import { type FoundCopy, readGroupConfig, readTopicConfig, saveRequest } from './entry-codec.js';
import { readFastjson } from './read-fastjson.js';
import type { RemotingAnswer, RemotingRequest } from './remoting-command.js';
import { defaultRemotingTimes, type RemotingTimes } from './remoting-connection.js';
import { RemotingServer } from './remoting-server.js';
import { requestCode } from './request-codes.js';
import { refusalOf, responseCode } from './response-refusal.js';

/** Entries asked for in one request; a page of them stays far below the longest frame. */
const PAGE_ENTRIES = 2_000;
const PAGES_MAX = 10_000;
const MASTERS_MAX = 256;

/** What one list takes from all masters together: far more than a cluster has, far less than the memory there is. */
const LIST_ENTRIES_MAX = 200_000;
const LIST_BYTES_MAX = 256 * 1024 * 1024;
const LIST_TIME_MS = 120_000;

/** RocketMQ's MixAll: the broker of a name that takes writes. */
const MASTER_ID = '0';

const clusterInfoSchema = z.object({
  brokerAddrTable: z.record(z.string(), z.object({ brokerAddrs: z.record(z.string(), z.string()) })),
  clusterAddrTable: z.record(z.string(), z.array(z.string())),
});

/** The server's own, some of which are legal names all the same (TopicValidator does not know those of RocksDB). */
const SYSTEM_NAME = /^RMQ_SYS_/i;

/** What differs between topics and groups, as far as requests go. */
const kinds = {
  topic: {
    ...{ noun: 'topic', list: requestCode.getAllTopicConfig, table: 'topicConfigTable' },
    ...{ from: 'topicSeq', count: 'maxTopicNum', total: 'totalTopicNum' },
    ...{ read: readTopicConfig, isLegal: isLegalRocketmqTopic },
  },
  'consumer-group': {
    ...{ noun: 'consumer group', list: requestCode.getAllGroupConfig, table: 'subscriptionGroupTable' },
    ...{ from: 'groupSeq', count: 'maxGroupNum', total: 'totalGroupNum' },
    ...{ read: readGroupConfig, isLegal: isLegalRocketmqGroup },
  },
} as const;

interface Cluster {
  readonly masters: readonly string[];
  /** RocketMQ has topics that are named after its clusters and brokers. */
  readonly ownNames: ReadonlySet<string>;
}

/** Administers the brokers of one environment by RocketMQ's remoting protocol. */
export class RemotingBrokerAdmin implements BrokerAdmin {
  readonly #target: BrokerTarget;
  readonly #times: RemotingTimes;
  readonly #servers = new Map<string, RemotingServer>();
  #known: Promise<Cluster> | undefined;
  #groups: Promise<ReadonlyMap<string, FoundEntry>> | undefined;

  constructor(target: BrokerTarget, times: RemotingTimes = defaultRemotingTimes) {
    this.#target = target;
    this.#times = times;
  }

  async refresh(): Promise<void> {
    this.#known = undefined;
    this.#groups = undefined;
    await this.#cluster();
  }

  async list(kind: ProvisionedKind): Promise<ReadonlyMap<string, FoundEntry>> {
    const { masters, ownNames } = await this.#cluster();
    const copies = new Map<string, FoundCopy[]>();
    const bounds: ListBounds = { entries: 0, bytes: 0, until: performance.now() + LIST_TIME_MS };
    for (const master of masters) {
      for (const [name, copy] of await this.#listAt(master, kind, bounds)) {
        if (ownNames.has(name) || SYSTEM_NAME.test(name) || !kinds[kind].isLegal(name)) continue;
        const known = copies.get(name);
        if (known === undefined) copies.set(name, [copy]);
        else known.push(copy);
      }
    }
    return new Map([...copies].map(([name, found]) => [name, merge(found, masters.length)]));
  }

  async find(kind: ProvisionedKind, name: string): Promise<FoundEntry | undefined> {
    // RocketMQ makes a group of its own settings when it is asked for one that is not there (request 352, by the
    // default of `autoCreateSubscriptionGroup`), so groups are only ever looked up among all.
    if (kind === 'consumer-group') {
      this.#groups ??= this.list(kind);
      return (await this.#groups).get(name);
    }
    const { masters } = await this.#cluster();
    const request = requestOf(requestCode.getTopicConfig, { topic: name });
    const copies: FoundCopy[] = [];
    for (const master of masters) {
      const answer = await this.#send(master, request);
      if (answer.code === responseCode.topicNotExist) continue;
      if (answer.code !== responseCode.success)
        throw refusalOf(`to show the topic "${name}"`, master, answer);
      copies.push(readTopicConfig(readFastjson(answer.body)));
    }
    return copies.length === 0 ? undefined : merge(copies, masters.length);
  }

  async save(entry: EntrySettings): Promise<void> {
    const request = saveRequest(entry);
    for (const master of (await this.#cluster()).masters) {
      await this.#demand(master, request, `to save the ${kinds[entry.kind].noun} "${entry.name}"`);
    }
  }

  async delete(kind: ProvisionedKind, name: string): Promise<void> {
    const request =
      kind === 'topic'
        ? requestOf(requestCode.deleteTopicAtBroker, { topic: name })
        : requestOf(requestCode.deleteGroup, { groupName: name, cleanOffset: 'true' });
    const operation = `to delete the ${kinds[kind].noun} "${name}"`;
    for (const master of (await this.#cluster()).masters) await this.#demand(master, request, operation);
    if (kind !== 'topic') return;
    const atNameServer = requestOf(requestCode.deleteTopicAtNameServer, { topic: name });
    for (const endpoint of this.#target.endpoints) await this.#demand(endpoint, atNameServer, operation);
  }

  async hasConsumers(group: string): Promise<boolean> {
    const request = requestOf(requestCode.getConsumerConnections, { consumerGroup: group });
    for (const master of (await this.#cluster()).masters) {
      if ((await this.#send(master, request)).code === responseCode.success) return true;
    }
    return false;
  }

  close(): void {
    for (const server of this.#servers.values()) server.close();
    this.#servers.clear();
  }

  #cluster(): Promise<Cluster> {
    this.#known ??= this.#askForCluster();
    return this.#known;
  }

  /** As the first endpoint that answers tells it. */
  async #askForCluster(): Promise<Cluster> {
    let failure: unknown;
    for (const endpoint of this.#target.endpoints) {
      try {
        return await this.#clusterBy(endpoint);
      } catch (error) {
        failure = error;
      }
    }
    throw failure;
  }

  async #clusterBy(endpoint: string): Promise<Cluster> {
    const request = requestOf(requestCode.getClusterInfo, {});
    const answer = await this.#demand(endpoint, request, 'to tell its cluster');
    const parsed = clusterInfoSchema.safeParse(readFastjson(answer.body));
    if (!parsed.success) {
      throw new NomosError('BROKER_REFUSED', `${endpoint} tells its cluster in a way that is not known.`);
    }
    const { brokerAddrTable, clusterAddrTable } = parsed.data;
    const addresses = Object.values(brokerAddrTable).map(({ brokerAddrs }) => brokerAddrs[MASTER_ID]);
    const masters = addresses.filter((address) => address !== undefined).slice(0, MASTERS_MAX);
    if (masters.length === 0) {
      throw new NomosError('UNAVAILABLE', `${endpoint} knows no broker that takes writes.`, {
        fix: 'Start a master broker that registers with this name server.',
      });
    }
    const places = [...Object.keys(brokerAddrTable), ...Object.keys(clusterAddrTable)];
    return { masters, ownNames: new Set(places.flatMap((name) => [name, `${name}_REPLY_TOPIC`])) };
  }

  async #listAt(
    master: string,
    kind: ProvisionedKind,
    bounds: ListBounds,
  ): Promise<ReadonlyMap<string, FoundCopy>> {
    const { list, table, from, count, total, read, noun } = kinds[kind];
    const all = new Map<string, FoundCopy>();
    let position = 0;
    for (let page = 0; page < PAGES_MAX; page++) {
      // Servers before 5.4 pass over the page, and give everything at once.
      const request = requestOf(list, { [from]: `${position}`, [count]: `${PAGE_ENTRIES}` });
      const answer = await this.#demand(master, request, `to list each ${noun}`);
      bounds.bytes += answer.body.length;
      requireWithin(bounds, master, noun);
      const entries = Object.entries(Object(readFastjson(answer.body)[table]));
      bounds.entries += entries.length;
      requireWithin(bounds, master, noun);
      for (const [name, config] of entries) all.set(name, read(config));
      position += entries.length;
      if (entries.length === 0 || position >= Number(answer.fields.get(total) ?? 0)) break;
    }
    return all;
  }

  async #demand(address: string, request: RemotingRequest, operation: string): Promise<RemotingAnswer> {
    const answer = await this.#send(address, request);
    if (answer.code !== responseCode.success) throw refusalOf(operation, address, answer);
    return answer;
  }

  #send(address: string, request: RemotingRequest): Promise<RemotingAnswer> {
    const { tls, certificateAuthority, credentials } = this.#target;
    let server = this.#servers.get(address);
    if (server === undefined) {
      server = new RemotingServer(
        {
          ...{ address, tls },
          ...(certificateAuthority === undefined ? {} : { certificateAuthority }),
          ...(credentials === undefined ? {} : { credentials }),
        },
        this.#times,
      );
      this.#servers.set(address, server);
    }
    return server.request(request);
  }
}

/** What a list has taken so far, and until when it may go on. */
interface ListBounds {
  entries: number;
  bytes: number;
  readonly until: number;
}

/** A broker is not trusted to come to an end. @throws NomosError BROKER_REFUSED. */
function requireWithin({ entries, bytes, until }: ListBounds, master: string, noun: string): void {
  const excess =
    entries > LIST_ENTRIES_MAX
      ? `more than ${LIST_ENTRIES_MAX} entries`
      : bytes > LIST_BYTES_MAX
        ? `more than ${LIST_BYTES_MAX} bytes`
        : performance.now() > until
          ? `entries for more than ${LIST_TIME_MS} ms`
          : undefined;
  if (excess === undefined) return;
  throw new NomosError('BROKER_REFUSED', `The list of each ${noun} has ${excess}, up to ${master}.`, {
    fix: 'Look at what this broker answers; a cluster with that much cannot be compared.',
  });
}

function requestOf(code: number, fields: Readonly<Record<string, string>>): RemotingRequest {
  return { code, fields: new Map(Object.entries(fields)), body: Buffer.alloc(0) };
}

function merge(copies: readonly FoundCopy[], masters: number): FoundEntry {
  return {
    copies: copies.map(({ settings }) => settings),
    everywhere: copies.length === masters,
    fromRegistry: copies.every(({ fromRegistry }) => fromRegistry),
  };
}
