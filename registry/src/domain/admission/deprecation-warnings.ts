import type { Deprecation, Manifest, Status, Violation } from '@nomos/schemas';
import { deprecatedViolation } from '../catalog/deprecations.js';
import type { AdmissionFacts } from './admission-facts.js';

/** More than these say nothing new to whoever reads a log. */
const WARNINGS_MAX = 50;

interface Deprecatable {
  readonly status: Status;
  readonly deprecation?: Deprecation | undefined;
}

/** What an admitted manifest uses although it is deprecated. Pure, like the rules of admission. */
export function warnOfDeprecations(manifest: Manifest, facts: AdmissionFacts): Violation[] {
  const warnings: Violation[] = [];
  const note = (noun: string, name: string, where: string, found: Deprecatable | undefined) => {
    if (found?.status !== 'deprecated' || warnings.length >= WARNINGS_MAX) return;
    warnings.push(deprecatedViolation(noun, name, found.deprecation, where));
  };
  const { application } = manifest;
  note('application', application, 'application', facts.applications.get(application));
  manifest.producers.forEach(({ group, topics }, index) => {
    const where = `producers[${index}]`;
    note('producer group', group, `${where}.group`, facts.producerGroups.get(group));
    topics.forEach((name, position) => {
      note('topic', name, `${where}.topics[${position}]`, facts.topics.get(name));
    });
    // A producer that names no topic may publish to all that it has a right to.
    if (topics.length > 0) return;
    for (const topic of facts.publishable) note('topic', topic.name, `${where}.topics`, topic);
  });
  manifest.consumers.forEach(({ group, subscriptions }, index) => {
    const where = `consumers[${index}]`;
    note('consumer group', group, `${where}.group`, facts.consumerGroups.get(group));
    subscriptions.forEach(({ topic }, position) => {
      note('topic', topic, `${where}.subscriptions[${position}].topic`, facts.topics.get(topic));
    });
  });
  return warnings;
}
