import {
  canonicalMessageFilter,
  describeFilter,
  type Filter,
  isUsable,
  type Manifest,
  type NameKind,
  type Status,
  type SubscriptionSet,
  type Topic,
  type Violation,
} from '@nomos/schemas';
import { filterViolations } from '../filter-violations.js';
import type { NameRequest } from '../norms/judged-name.js';
import type { AdmissionFacts, Occasion } from './admission-facts.js';
import { isWithin, sideOf } from './change-sides.js';
import { describeSubscriptions } from './describe-subscriptions.js';
import { examineRegisteredNames, keyOfName } from './manifest-names.js';
import type { SubscriptionChangeRecord } from './subscription-change-repository.js';

/** Topics that one manifest may name in all. A grant cannot hold so many, and each takes time to judge. */
const NAMED_TOPICS_MAX = 1_500;

/** Whether a manifest is too large to be looked at name by name. */
export function examineSize({ producers, consumers }: Manifest): Violation[] {
  const count = [...producers.map(({ topics }) => topics), ...consumers.map((one) => one.subscriptions)]
    .map(({ length }) => length)
    .reduce((sum, length) => sum + length, 0);
  if (count <= NAMED_TOPICS_MAX) return [];
  const message = `The manifest names ${count} topics; ${NAMED_TOPICS_MAX} are allowed.`;
  return [{ rule: 'manifest-size', message, expected: 'several sessions with fewer topics each' }];
}

/**
 * Everything that speaks against a manifest; admitted if there is nothing. Pure: the facts hold all that
 * it depends on.
 *
 * A session that only goes on keeps the subscriptions it was admitted with, even when the registered
 * filter has changed since: refusing it would stop a running consumer, and a new instance with the new
 * filter is refused as a split until the last old one has ended, unless a subscription change is under way.
 */
export function examineManifest(manifest: Manifest, facts: AdmissionFacts, occasion: Occasion): Violation[] {
  if (facts.environment?.status !== 'active') {
    const { environment } = manifest;
    const state = facts.environment === undefined ? 'not registered' : 'retired';
    const message = `The environment "${environment}" is ${state}.`;
    return [{ rule: 'environment-unknown', where: 'environment', message }];
  }
  const application = facts.applications.get(manifest.application);
  if (application === undefined || !isUsable(application)) {
    const state = application === undefined ? 'not registered' : application.status;
    const message = `The application "${manifest.application}" is ${state}.`;
    return [{ rule: 'application-unknown', where: 'application', message }];
  }
  return [
    ...examineRepeats(manifest),
    ...examineProducers(manifest, facts),
    ...examineConsumers(manifest, facts, occasion),
    // A client that only goes on is not stopped by a norm that came into force meanwhile.
    ...(occasion === 'open'
      ? examineRegisteredNames(manifest, facts.names, (name) => isRegistered(name, manifest, facts))
      : []),
  ];
}

/** Whether the name is registered where the client is; if not, its form is examined with that. */
function isRegistered(
  { kind, name }: NameRequest,
  { environment }: Manifest,
  facts: AdmissionFacts,
): boolean {
  const found =
    kind === 'topic'
      ? facts.topics.get(name)
      : (kind === 'producer-group' ? facts.producerGroups : facts.consumerGroups).get(name);
  return found !== undefined && isUsable(found) && found.environments.includes(environment);
}

function examineRepeats({ producers, consumers }: Manifest): Violation[] {
  const violations: Violation[] = [];
  const note = (where: string, name: string) => {
    violations.push({ rule: 'named-twice', where, message: `"${name}" is named twice in the manifest.` });
  };
  for (const name of findRepeats(producers.map(({ group }) => group))) note('producers', name);
  for (const name of findRepeats(consumers.map(({ group }) => group))) note('consumers', name);
  consumers.forEach(({ subscriptions }, index) => {
    const repeats = findRepeats(subscriptions.map(({ topic }) => topic));
    for (const name of repeats) note(`consumers[${index}].subscriptions`, name);
  });
  return violations;
}

function findRepeats(names: readonly string[]): string[] {
  const seen = new Set<string>();
  const repeats = new Set<string>();
  for (const name of names) (seen.has(name) ? repeats : seen).add(name);
  return [...repeats];
}

function examineProducers(manifest: Manifest, facts: AdmissionFacts): Violation[] {
  return manifest.producers.flatMap(({ group, topics }, index) => {
    const where = `producers[${index}]`;
    const found = facts.producerGroups.get(group);
    return [
      ...examineGroup('producer-group', group, found, `${where}.group`, manifest, facts),
      ...topics.flatMap((name, position) => {
        const path = `${where}.topics[${position}]`;
        const violations = examineTopic(name, path, manifest, facts);
        const topic = facts.topics.get(name);
        if (violations.length > 0 || topic === undefined || mayPublish(topic, manifest.application)) {
          return violations;
        }
        return [notPermitted(topic, manifest.application, path, facts)];
      }),
    ];
  });
}

function mayPublish({ application, publishers }: Topic, code: string): boolean {
  return application === code || publishers.includes(code);
}

function notPermitted(topic: Topic, application: string, where: string, facts: AdmissionFacts): Violation {
  const team = facts.applications.get(topic.application)?.team;
  return {
    rule: 'topic-not-permitted',
    where,
    message: `The topic "${topic.name}" belongs to the application "${topic.application}" of the team "${team}"; "${application}" is not among its publishers.`,
    expected: `that team adds "${application}" with PATCH /v1/topics/${topic.name}`,
  };
}

function examineConsumers(manifest: Manifest, facts: AdmissionFacts, occasion: Occasion): Violation[] {
  return manifest.consumers.flatMap(({ group, subscriptions }, index) => {
    const where = `consumers[${index}]`;
    const found = facts.consumerGroups.get(group);
    const wrongGroup = examineGroup('consumer-group', group, found, `${where}.group`, manifest, facts);
    const wrongSubscriptions = subscriptions.flatMap(({ topic, filter }, position) => {
      const path = `${where}.subscriptions[${position}]`;
      const wrongTopic = examineTopic(topic, `${path}.topic`, manifest, facts);
      const malformed = filterViolations(filter, `${path}.filter`);
      if (wrongGroup.length + wrongTopic.length + malformed.length > 0) return [...wrongTopic, ...malformed];
      if (facts.changes.has(group)) return [];
      return examineSubscription(group, topic, filter, path, facts, occasion);
    });
    const change = facts.changes.get(group);
    if (change !== undefined) {
      const unfit = occasion === 'open' ? examineChange(change, subscriptions, where) : [];
      return [...wrongGroup, ...wrongSubscriptions, ...unfit];
    }
    const split = occasion === 'open' ? findSplit(group, subscriptions, where, facts) : [];
    const wrong = [...wrongGroup, ...wrongSubscriptions];
    // Where the subscriptions themselves are wrong, that they also differ from others' says nothing new.
    return wrong.length > 0 ? wrong : split;
  });
}

interface OwnedEntry {
  readonly application: string;
  readonly status: Status;
  readonly environments: readonly string[];
}

function examineGroup(
  kind: 'producer-group' | 'consumer-group',
  name: string,
  found: OwnedEntry | undefined,
  where: string,
  manifest: Manifest,
  facts: AdmissionFacts,
): Violation[] {
  if (found === undefined || !isUsable(found) || !found.environments.includes(manifest.environment)) {
    const state = describeState(found, manifest.environment);
    const message = `The ${kind.replace('-', ' ')} "${name}" is ${state}.`;
    return [{ rule: 'group-not-registered', where, message }, ...examineName(kind, name, where, facts)];
  }
  if (facts.quarantined.has(name)) return [quarantinedViolation(kind.replace('-', ' '), name, where)];
  if (found.application === manifest.application) return [];
  const team = facts.applications.get(found.application)?.team;
  const message = `The ${kind.replace('-', ' ')} "${name}" belongs to the application "${found.application}" of the team "${team}".`;
  return [{ rule: 'group-owner', where, message, expected: `a group of "${manifest.application}"` }];
}

function examineTopic(
  name: string,
  where: string,
  { environment }: Manifest,
  facts: AdmissionFacts,
): Violation[] {
  const topic = facts.topics.get(name);
  if (topic?.status === 'retired') {
    return [{ rule: 'topic-retired', where, message: `The topic "${name}" is retired.` }];
  }
  if (facts.quarantined.has(name)) return [quarantinedViolation('topic', name, where)];
  if (topic !== undefined && isUsable(topic) && topic.environments.includes(environment)) return [];
  const message = `The topic "${name}" is ${describeState(topic, environment)}.`;
  return [{ rule: 'topic-not-registered', where, message }, ...examineName('topic', name, where, facts)];
}

function quarantinedViolation(noun: string, name: string, where: string): Violation {
  return {
    rule: `${noun.endsWith('group') ? 'group' : 'topic'}-quarantined`,
    where,
    message: `The ${noun} "${name}" is in quarantine, since nobody had used it for long.`,
    expected: 'its owner restores it: see GET /v1/recycling/cases?state=quarantined',
  };
}

function describeState(found: OwnedEntry | undefined, environment: string): string {
  if (found === undefined) return 'not registered';
  if (found.status === 'retired') return 'retired';
  if (found.status === 'requested') return 'only requested, and waits for approval';
  return `not registered in the environment "${environment}", only in ${found.environments.join(', ')}`;
}

/** What is wrong with the form of a name that is not registered; often that is why it is not. */
function examineName(kind: NameKind, name: string, where: string, { names }: AdmissionFacts): Violation[] {
  const reading = names.get(keyOfName({ kind, name }));
  if (reading === undefined || reading.ok) return [];
  return reading.violations.map((violation) => ({ ...violation, where }));
}

function examineSubscription(
  group: string,
  topic: string,
  filter: Filter,
  where: string,
  facts: AdmissionFacts,
  occasion: Occasion,
): Violation[] {
  const registered = facts.subscriptions.find((one) => one.group === group && one.topic === topic);
  if (registered === undefined) {
    const message = `The group "${group}" has no registered subscription to the topic "${topic}".`;
    return [
      { rule: 'subscription-not-registered', where, message, expected: 'POST /v1/subscriptions first' },
    ];
  }
  if (occasion === 'renew' || sameFilter(filter, registered.filter)) return [];
  return [
    {
      rule: 'subscription-differs',
      where: `${where}.filter`,
      message: `The group "${group}" is registered to receive "${topic}" with the filter "${describeFilter(registered.filter)}", not "${describeFilter(filter)}".`,
      expected: describeFilter(registered.filter),
      suggestion: registered.filter.expression,
    },
  ];
}

function sameFilter(one: Filter, other: Filter): boolean {
  return canonicalMessageFilter(one) === canonicalMessageFilter(other);
}

/** While the subscriptions of a group change, exactly two sets of them are known: the old and the new one. */
function examineChange(
  change: SubscriptionChangeRecord,
  subscriptions: SubscriptionSet,
  where: string,
): Violation[] {
  const { id, group, before, after } = change;
  const path = `/v1/consumer-groups/${group}/subscription-changes/${id}`;
  const side = sideOf(change, subscriptions);
  if (side === undefined) {
    return [
      {
        rule: 'subscription-change',
        where,
        message: `The subscriptions of the group "${group}" are being changed (${path}); this instance subscribes to ${describeSubscriptions(subscriptions)}, which is neither what it was nor what it is to be.`,
        expected: `${describeSubscriptions(before)}; or ${describeSubscriptions(after)}`,
      },
    ];
  }
  if (change.state !== 'expanding' || isWithin(before, subscriptions)) return [];
  return [
    {
      rule: 'subscription-change-expanding',
      where,
      message: `The subscriptions of the group "${group}" are being changed (${path}), but not all running instances receive yet what the new ones need; messages would be lost.`,
      expected: 'the state "draining", which comes within a minute; then start the instance again',
    },
  ];
}

/** The instances of a group share its messages, so they lose some unless all subscribe alike. */
function findSplit(
  group: string,
  subscriptions: SubscriptionSet,
  where: string,
  { otherSessions }: AdmissionFacts,
): Violation[] {
  for (const { id, instance, manifest } of otherSessions) {
    const theirs = manifest.consumers.find((consumer) => consumer.group === group)?.subscriptions;
    if (theirs === undefined || describeSubscriptions(theirs) === describeSubscriptions(subscriptions))
      continue;
    return [
      {
        rule: 'subscription-split',
        where,
        message: `The live instance "${instance}" (session ${id}) of the group "${group}" subscribes to ${describeSubscriptions(theirs)}, this one to ${describeSubscriptions(subscriptions)}; messages would be lost.`,
        expected: describeSubscriptions(theirs),
      },
    ];
  }
  return [];
}
