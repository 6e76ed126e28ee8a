import type { SearchKind, Whois } from '@nomos/schemas';
import type { NameJudge } from '../catalog/name-judge.js';
import type { Clock } from '../clock.js';
import type { CatalogEntry, Conditions, Database, EntryRepository, Repositories } from '../repositories.js';
import type { NamedEntry } from '../search/search-repository.js';
import { readMessageId } from './message-id.js';
import { explainName, type NamedKind, readUnknown } from './name-meaning.js';
import { findNearest } from './nearest-names.js';
import { findConsumersIn, findConsumersOf, findProducersIn, findProducersOf } from './participation.js';

/** What one answer lists of the entries of a team, domain or application. */
const HELD_MAX = 100;

type Finding = Whois['found'][number];

/** Answers whose a name is, what it means, who uses it and whom to call. */
export class WhoisDesk {
  readonly #database: Database;
  readonly #judge: NameJudge;
  readonly #clock: Clock;

  constructor(database: Database, judge: NameJudge, clock: Clock) {
    this.#database = database;
    this.#judge = judge;
    this.#clock = clock;
  }

  /** Everything known of a text, which may be malformed, retired or nobody's. How many queries is bounded. */
  async ask(query: string): Promise<Whois> {
    const { repositories } = this.#database;
    const found = await this.#find(query, repositories);
    const messageId = readMessageId(query);
    if (found.length > 0) return { query, found, readings: [], nearest: [] };
    if (messageId !== undefined) return { query, found, readings: [], nearest: [], messageId };
    const readings = await readUnknown(query, this.#judge, repositories);
    const nearest = await findNearest(query, repositories);
    const suggested = await findSuggested(readings, repositories);
    const known = new Set(suggested.map(({ name }) => name));
    const others = nearest.filter(({ name }) => !known.has(name));
    return { query, found, readings, nearest: [...suggested, ...others] };
  }

  async #find(name: string, repositories: Repositories): Promise<Finding[]> {
    const now = this.#clock();
    const { topics, producerGroups, consumerGroups } = repositories;
    const { domains, teams, applications, environments } = repositories;
    const found: (Finding | undefined)[] = await Promise.all([
      findIn('topics', name, topics, async (topic) => ({
        ...(await this.#describeName('topic', name, topic.application, repositories)),
        producers: await findProducersOf(topic, now, repositories),
        consumers: await findConsumersOf(topic, now, repositories),
      })),
      findIn('producer-groups', name, producerGroups, async (group) => ({
        ...(await this.#describeName('producer-group', name, group.application, repositories)),
        producers: await findProducersIn(group, now, repositories),
      })),
      findIn('consumer-groups', name, consumerGroups, async (group) => ({
        ...(await this.#describeName('consumer-group', name, group.application, repositories)),
        consumers: await findConsumersIn(group, now, repositories),
      })),
      findIn('applications', name, applications, async ({ code }) => ({
        ...(await ownerOf(code, repositories)),
        holds: await heldBy({ application: code }, ['topics', 'groups'], repositories),
      })),
      findIn('teams', name, teams, async ({ code }) => ({
        holds: await heldBy({ team: code }, ['applications'], repositories),
      })),
      findIn('domains', name, domains, async ({ code }) => ({
        holds: await heldBy({ domain: code }, ['applications'], repositories),
      })),
      findIn('environments', name, environments, async () => ({})),
    ]);
    return found.filter((finding): finding is Finding => finding !== undefined);
  }

  async #describeName(kind: NamedKind, name: string, application: string, repositories: Repositories) {
    const segments = await explainName(kind, name, this.#judge, repositories);
    return { ...(await ownerOf(application, repositories)), ...(segments === undefined ? {} : { segments }) };
  }
}

async function findIn<Found extends CatalogEntry & Finding['entry']>(
  kind: SearchKind,
  name: string,
  repository: EntryRepository<Found>,
  describe: (entry: Found) => Promise<Omit<Finding, 'kind' | 'name' | 'status' | 'entry'>>,
): Promise<Finding | undefined> {
  const entry = await repository.find([name]);
  if (entry === undefined) return undefined;
  return { kind, name, status: entry.status, entry, ...(await describe(entry)) };
}

async function ownerOf(
  code: string,
  { applications, teams }: Repositories,
): Promise<{ owner?: NonNullable<Finding['owner']> }> {
  const application = await applications.find([code]);
  const team = application && (await teams.find([application.team]));
  if (application === undefined || team === undefined) return {};
  return {
    owner: {
      application: { code, description: application.description, status: application.status },
      team: { code: team.code, description: team.description, contacts: team.contacts },
    },
  };
}

async function heldBy(
  conditions: Conditions,
  what: readonly ('topics' | 'groups' | 'applications')[],
  { topics, producerGroups, consumerGroups, applications }: Repositories,
): Promise<NonNullable<Finding['holds']>> {
  const query = { conditions, limit: HELD_MAX + 1 };
  const held: NamedEntry[] = [];
  if (what.includes('applications')) {
    for (const { code, status } of await applications.list(query)) {
      held.push({ kind: 'applications', name: code, status });
    }
  }
  if (what.includes('topics')) {
    for (const { name, status } of await topics.list(query)) held.push({ kind: 'topics', name, status });
  }
  if (what.includes('groups')) {
    for (const { name, status } of await producerGroups.list(query)) {
      held.push({ kind: 'producer-groups', name, status });
    }
    for (const { name, status } of await consumerGroups.list(query)) {
      held.push({ kind: 'consumer-groups', name, status });
    }
  }
  return { entries: held.slice(0, HELD_MAX), truncated: held.length > HELD_MAX };
}

/** The names that the norm suggests, as far as they are registered. */
async function findSuggested(
  readings: Whois['readings'],
  { topics, producerGroups, consumerGroups }: Repositories,
): Promise<NamedEntry[]> {
  const suggestions = readings.flatMap(({ suggestion }) => (suggestion === undefined ? [] : [suggestion]));
  const places = [
    ['topics', topics],
    ['producer-groups', producerGroups],
    ['consumer-groups', consumerGroups],
  ] as const;
  const found: NamedEntry[] = [];
  for (const name of suggestions) {
    for (const [kind, repository] of places) {
      const entry = await repository.find([name]);
      if (entry !== undefined) found.push({ kind, name, status: entry.status });
    }
  }
  return found;
}
