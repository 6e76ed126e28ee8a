import {
  changeSubscriptionSchema,
  createSubscriptionSchema,
  isUsable,
  type Subscription,
  subscriptionSchema,
  type Violation,
} from '@nomos/schemas';
import type { z } from 'zod';
import { filterViolations } from '../filter-violations.js';
import type { Repositories } from '../repositories.js';
import type { Collection } from './collection.js';
import { fieldFilter } from './list-filter.js';
import { examineQueues } from './queue-advice.js';
import { examineReferences } from './references.js';

type CreateSubscription = z.output<typeof createSubscriptionSchema>;

/** Subscriptions: which group receives which topic, and which of its messages. */
export const subscriptions: Collection<
  Subscription,
  CreateSubscription,
  z.output<typeof changeSubscriptionSchema>
> = {
  name: 'subscriptions',
  noun: 'subscription',
  keyFields: ['group', 'topic'],
  filters: { group: fieldFilter('group'), topic: fieldFilter('topic') },
  schemas: { entry: subscriptionSchema, create: createSubscriptionSchema, change: changeSubscriptionSchema },
  deprecatable: false,
  // Both names keep their meaning when a group stops and starts again to receive a topic.
  revivable: true,
  repository: (repositories) => repositories.subscriptions,
  owner: async ({ group }, { consumerGroups }) => (await consumerGroups.find([group]))?.application,
  async examine(proposed, repositories, _judge, before) {
    const references = [
      ...(await examineReceiving(proposed, repositories, before)),
      // What exists already may not change either, which is an obstacle and not the fault of the proposal.
      ...(before !== undefined && isUsable(before) ? [] : await examineRunning(proposed, repositories)),
    ];
    if (references.length > 0) return { references };
    return { references, warnings: await examineInstances(proposed, repositories) };
  },
  async findObstacle({ group }, _after, { subscriptionChanges }) {
    const [running] = await subscriptionChanges.listRunning([group]);
    return running && `A planned change of what the group subscribes to runs: ${running.id}.`;
  },
  async findDependant({ group, topic }, { sessions, subscriptionChanges }, now) {
    const [running] = await subscriptionChanges.listRunning([group]);
    if (running) return `the subscription change "${running.id}" of the group "${group}", which runs`;
    for (const session of await sessions.listLive({ now, consumerGroups: [group] })) {
      const consumer = session.manifest.consumers.find((one) => one.group === group);
      if (consumer?.subscriptions.some((one) => one.topic === topic)) {
        return `the live session "${session.id}" of the instance "${session.instance}"; stop it, or close it with DELETE /v1/sessions/${session.id}`;
      }
    }
    return undefined;
  },
  affectedEnvironments: async ({ group }, { consumerGroups }) =>
    (await consumerGroups.find([group]))?.environments ?? [],
};

/** Everything that speaks against the group's receiving the topic; what is deprecated stays with the `kept` one. */
export async function examineReceiving(
  proposed: CreateSubscription,
  repositories: Repositories,
  kept?: Pick<Subscription, 'group' | 'topic'>,
): Promise<Violation[]> {
  const { group, topic, filter } = proposed;
  const { consumerGroups, topics } = repositories;
  const groupReference = [{ value: group, where: 'group' }];
  const references = [
    ...(await examineReferences('consumer group', consumerGroups, groupReference, [kept?.group])),
    ...(await examineReferences('topic', topics, [{ value: topic, where: 'topic' }], [kept?.topic])),
    ...filterViolations(filter, 'filter'),
  ];
  return references.length > 0 ? references : examineEnvironments(proposed, repositories);
}

/** While a planned change runs, the group has two sets of subscriptions, to neither of which this would belong. */
async function examineRunning(
  { group }: CreateSubscription,
  { subscriptionChanges }: Repositories,
): Promise<Violation[]> {
  const [running] = await subscriptionChanges.listRunning([group]);
  if (running === undefined) return [];
  const message = `A planned change of what the group "${group}" subscribes to runs: ${running.id}.`;
  const expected = `its end: /v1/consumer-groups/${group}/subscription-changes/${running.id}`;
  return [{ rule: 'subscription-change', where: 'group', message, expected }];
}

/** Whether the topic has queues enough for the instances that the group expects. */
async function examineInstances(
  { group, topic }: CreateSubscription,
  { consumerGroups, topics }: Repositories,
): Promise<Violation[]> {
  const [receiver, received] = [await consumerGroups.find([group]), await topics.find([topic])];
  const instances = receiver?.mode === 'clustering' ? receiver.expectedInstances : undefined;
  if (received === undefined || instances === undefined || received.queues >= instances) return [];
  return examineQueues(received, instances, 'topic');
}

/** A group cannot receive a topic where only one of them exists. */
async function examineEnvironments(
  { group, topic }: CreateSubscription,
  { consumerGroups, topics }: Repositories,
): Promise<Violation[]> {
  const here = (await consumerGroups.find([group]))?.environments ?? [];
  const there = (await topics.find([topic]))?.environments ?? [];
  if (here.some((environment) => there.includes(environment))) return [];
  const message = `The group is in ${here.join(', ')}, the topic in ${there.join(', ')}: they never meet.`;
  return [{ rule: 'environments-disjoint', where: 'group', message, expected: 'a common environment' }];
}
