import type { CompiledNorm, NameKind, NameReading, Violation } from '@nomos/schemas';
import type { Repositories } from '../repositories.js';

/** Judges names by the active norm with the vocabularies of the catalog. */
export class NameJudge {
  readonly #norm: CompiledNorm;

  constructor(norm: CompiledNorm) {
    this.#norm = norm;
  }

  get norm(): CompiledNorm {
    return this.#norm;
  }

  /**
   * Reads a name. With an application, rules about ownership apply: a group by the norm's own rule, a topic
   * by two of ours, since a topic's name must lead to the application that answers for it.
   */
  async read(
    kind: NameKind,
    name: string,
    application: string | undefined,
    repositories: Repositories,
  ): Promise<NameReading> {
    const [domains, applications] = await Promise.all([
      repositories.domains.list({}),
      repositories.applications.list({}),
    ]);
    const reading = this.#norm.read(kind, name, {
      vocabularies: {
        domains: new Set(domains.map(({ code }) => code)),
        applications: new Set(applications.map(({ code }) => code)),
      },
      application,
      registeredNames: await this.#registeredNames(kind, name, application, repositories),
    });
    if (!reading.ok || kind !== 'topic' || application === undefined) return reading;
    const owner = applications.find(({ code }) => code === application);
    if (owner === undefined) return reading;
    const violations = topicOwnership(reading.segments, owner);
    if (violations.length === 0) return reading;
    const suggestion = suggestOwned(name, reading.segments, owner);
    return { ok: false, kind, name, violations, warnings: reading.warnings, suggestion };
  }

  /** Near-duplicates are looked for among the application's own names, where they do harm. */
  async #registeredNames(
    kind: NameKind,
    name: string,
    application: string | undefined,
    repositories: Repositories,
  ): Promise<string[]> {
    if (application === undefined) return [];
    const query = { conditions: { application } };
    const entries =
      kind === 'topic'
        ? await repositories.topics.list(query)
        : kind === 'producer-group'
          ? await repositories.producerGroups.list(query)
          : kind === 'consumer-group'
            ? await repositories.consumerGroups.list(query)
            : [];
    return entries.map((entry) => entry.name).filter((registered) => registered !== name);
  }
}

type Segments = Readonly<Record<string, string>>;
interface Owner {
  readonly code: string;
  readonly domain: string;
}

function topicOwnership(segments: Segments, owner: Owner): Violation[] {
  const violations: Violation[] = [];
  if (segments.app !== undefined && segments.app !== owner.code) {
    violations.push({
      rule: 'topic-belongs-to-application',
      where: 'name',
      message: `The name says application "${segments.app}", but the topic is to belong to "${owner.code}".`,
      expected: owner.code,
    });
  }
  if (segments.domain !== undefined && segments.domain !== owner.domain) {
    violations.push({
      rule: 'topic-in-domain-of-application',
      where: 'name',
      message: `The name says domain "${segments.domain}", but the application "${owner.code}" is in "${owner.domain}".`,
      expected: owner.domain,
    });
  }
  return violations;
}

/** The name with the owner's words; its separators stay as they are. */
function suggestOwned(name: string, segments: Segments, owner: Owner): string {
  const words = name.split(/([^a-z0-9]+)/);
  const replace = (from: string | undefined, to: string) => {
    const index = from === undefined ? -1 : words.indexOf(from);
    if (index >= 0) words[index] = to;
  };
  replace(segments.domain, owner.domain);
  replace(segments.app, owner.code);
  return words.join('');
}
