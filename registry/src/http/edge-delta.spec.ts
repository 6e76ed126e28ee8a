import { type EdgeBundle, type EdgeDelta, edgeBundleSchema, edgeDeltaSchema } from '@nomos/schemas';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Client, clientOf, registerBank } from '../testing/registry-client.js';
import { createRegistryFixture, type RegistryFixture } from '../testing/registry-fixture.js';
import { SeededRandom } from '../testing/seeded-random.js';

const STEPS = 150;
const description = 'For a test';
const path = '/v1/edge/bundle?environment=dev';

let fixture: RegistryFixture;
let admin: Client;
let edge: Client;
let sms: Client;
/** What changed, and what could have. */
const made = new Set<string>();
let all: readonly string[] = [];

beforeAll(async () => {
  fixture = await createRegistryFixture();
  admin = clientOf(fixture.registry.url, fixture.admin);
  const tokens = await registerBank(admin);
  sms = clientOf(fixture.registry.url, tokens.sms);
  edge = clientOf(fixture.registry.url, await fixture.registry.issueEdgeToken('dev'));
});
afterAll(() => fixture?.close());

interface Known {
  readonly etag: string;
  readonly bundle: EdgeBundle;
}

async function fetchWhole(): Promise<Known> {
  const { body, headers } = await edge('GET', path);
  return { etag: headers.get('etag') ?? '', bundle: edgeBundleSchema.parse(body) };
}

/** What an edge knows after it has asked for what it lacks, and whether that came as a delta. */
async function follow({ etag, bundle }: Known): Promise<Known & { isDelta: boolean }> {
  const { status, body, headers } = await edge('GET', `${path}&delta=true`, undefined, {
    'if-none-match': etag,
  });
  const now = headers.get('etag') ?? '';
  if (status === 304) return { etag: now, bundle, isDelta: true };
  const delta = edgeDeltaSchema.safeParse(body).data;
  return delta === undefined
    ? { etag: now, bundle: edgeBundleSchema.parse(body), isDelta: false }
    : { etag: now, bundle: added(bundle, delta), isDelta: true };
}

/** A bundle with a delta, as the description of a delta says. */
function added(bundle: EdgeBundle, delta: EdgeDelta): EdgeBundle {
  const { touched, revision, revocations, norm, revoked } = delta;
  return {
    ...{ ...bundle, revision, revocations, norm },
    topics: [...bundle.topics.filter(({ name }) => !touched.topics.includes(name)), ...delta.topics],
    consumerGroups: [
      ...bundle.consumerGroups.filter(({ name }) => !touched.consumerGroups.includes(name)),
      ...delta.consumerGroups,
    ],
    accessKeys: [
      ...bundle.accessKeys.filter(({ application }) => !touched.applications.includes(application)),
      ...delta.accessKeys,
    ],
    revokedSessions: [...new Set([...bundle.revokedSessions, ...revoked])],
  };
}

/** The order of entries means nothing. */
function sorted(bundle: EdgeBundle): EdgeBundle {
  const by = <Entry>(entries: readonly Entry[], key: (entry: Entry) => string) =>
    [...entries].sort((one, other) => (key(one) < key(other) ? -1 : 1));
  return {
    ...bundle,
    topics: by(bundle.topics, ({ name }) => name),
    consumerGroups: by(bundle.consumerGroups, ({ name }) => name).map((group) => ({
      ...group,
      subscriptions: by(group.subscriptions, ({ topic }) => topic),
    })),
    accessKeys: by(bundle.accessKeys, ({ accessKey }) => accessKey),
    revokedSessions: by(bundle.revokedSessions, (id) => id),
  };
}

type Change = () => Promise<{ readonly status: number }>;

/** Changes at random; some are refused, which is to change nothing. */
class Changes {
  readonly #random: SeededRandom;
  /** Names in use; one that is retired is never free again, so another takes its place. */
  readonly #topics: string[] = [];
  readonly #groups: string[] = [];
  #names: number;

  constructor(random: SeededRandom, seed: number) {
    this.#random = random;
    this.#names = seed * 10_000;
  }

  /** What can be changed; the frequent ones several times. */
  all(): [string, ...string[]] {
    const often = Object.keys(this.#changes()).filter((what) => !what.includes('retired'));
    return ['topic retired', 'group retired', 'subscription', ...often, ...often, ...often];
  }

  async make(what: string): Promise<boolean> {
    const { status } = (await this.#changes()[what]?.()) ?? { status: 500 };
    return status < 300;
  }

  #pick(names: readonly string[]): string {
    return names[this.#random.integer(0, names.length - 1)] ?? 'none';
  }

  #changes(): Record<string, Change> {
    return { ...this.#topicChanges(), ...this.#groupChanges(), ...this.#otherChanges() };
  }

  #topicChanges(): Record<string, Change> {
    const random = this.#random;
    const own = { application: 'paycore', description, environments: this.#environments() };
    const topic = `/v1/topics/${this.#pick(this.#topics)}`;
    return {
      topic: () => {
        const name = `pay-paycore-s${this.#names++}-done`;
        if (this.#topics.length < 5) this.#topics.push(name);
        return admin('POST', '/v1/topics', { name, ...own });
      },
      'topic changed': () =>
        admin('PATCH', topic, { publishers: random.pick([[], ['sms'], ['ledger', 'sms']]) }),
      'topic moved': () => admin('PATCH', topic, { environments: this.#environments() }),
      'topic retired': () => admin('DELETE', `/v1/topics/${this.#topics.pop()}`),
    };
  }

  #groupChanges(): Record<string, Change> {
    const own = { application: 'sms', description, environments: this.#environments() };
    const [group, topic, filter] = [this.#pick(this.#groups), this.#pick(this.#topics), this.#filter()];
    const changes = `/v1/consumer-groups/${group}/subscription-changes`;
    return {
      group: () => {
        const name = `cg-sms-s${this.#names++}`;
        if (this.#groups.length < 4) this.#groups.push(name);
        return admin('POST', '/v1/consumer-groups', { name, ...own });
      },
      'group moved': () => admin('PATCH', `/v1/consumer-groups/${group}`, { environments: own.environments }),
      'group retired': () => admin('DELETE', `/v1/consumer-groups/${this.#groups.pop()}`),
      subscription: () => admin('POST', '/v1/subscriptions', { group, topic, filter }),
      'subscription changed': () => admin('PATCH', `/v1/subscriptions/${group}/${topic}`, { filter }),
      'subscription ended': () => admin('DELETE', `/v1/subscriptions/${group}/${topic}`),
      'change planned': () => admin('POST', changes, { subscriptions: [{ topic, filter }] }),
      'change aborted': async () => {
        const { body } = await admin('GET', changes);
        const [newest] = (body.items ?? []) as { id: string }[];
        return admin('POST', `${changes}/${newest?.id}:abort`);
      },
    };
  }

  #otherChanges(): Record<string, Change> {
    const instance = `i-${this.#names++}`;
    const manifest = { application: 'sms', environment: 'dev', instance, sdk: 'spec' };
    const open = () => sms('POST', '/v1/sessions', manifest);
    const keys = '/v1/applications/ledger/credentials';
    return {
      'session opened': open,
      'session closed': async () => sms('DELETE', `/v1/sessions/${(await open()).body.session}`),
      'session revoked': async () => admin('DELETE', `/v1/sessions/${(await open()).body.session}`),
      'access key': () => admin('POST', keys, { description }),
      'access key revoked': async () => {
        const issued = await admin('POST', keys, { description });
        if (issued.status !== 201) return this.#revokeOldest(keys);
        const ledger = clientOf(fixture.registry.url, String(issued.body.token));
        await ledger('POST', '/v1/sessions', { ...manifest, application: 'ledger' });
        return admin('DELETE', `${keys}/${issued.body.accessKey}`);
      },
    };
  }

  async #revokeOldest(keys: string) {
    const [oldest] = ((await admin('GET', keys)).body.items ?? []) as { accessKey: string }[];
    return admin('DELETE', `${keys}/${oldest?.accessKey}`);
  }

  #environments(): string[] {
    return this.#random.pick([['dev'], ['dev'], ['prod'], ['dev', 'prod']]);
  }

  #filter() {
    return { type: 'tag', expression: this.#random.pick(['*', 'x', 'y']) };
  }
}

test.each([1, 2, 3])(
  'deltas lead to what the whole bundle says, whatever changed (seed %i)',
  async (seed) => {
    const random = new SeededRandom(seed);
    const changes = new Changes(random, seed);
    let known: Known = await fetchWhole();
    for (let step = 0; step < STEPS; step++) {
      const what = random.pick(changes.all());
      if (await changes.make(what)) made.add(what);
      // Some edges miss several changes.
      if (random.chance(0.4)) continue;
      const next = await follow(known);
      const whole = await fetchWhole();
      expect(next.isDelta, what).toBe(true);
      expect(next.etag, what).toBe(whole.etag);
      expect(sorted(next.bundle), what).toEqual(sorted(whole.bundle));
      known = next;
    }
    all = changes.all();
  },
);

test('every kind of change was made', () => {
  expect([...made].sort()).toEqual([...new Set(all)].sort());
});
