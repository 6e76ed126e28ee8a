import {
  contractSubscriptionChangeSchema,
  limits,
  nameSchema,
  startSubscriptionChangeSchema,
  subscriptionChangeSchema,
  watchedSubscriptionChangeSchema,
} from '@nomos/schemas';
import { z } from 'zod';
import type { SubscriptionChangeRecord } from '../../domain/admission/subscription-change-repository.js';
import type { WatchedChange } from '../../domain/admission/subscription-changes.js';
import { defineRoute, type Route } from '../route.js';

const path = '/v1/consumer-groups/{name}/subscription-changes';
const group = z.strictObject({ name: nameSchema });
const one = group.extend({ id: z.string().max(64) });
const tag = 'subscriptions';
const changed = { description: 'How the change stands', schema: subscriptionChangeSchema };
const example = { params: { name: 'cg-sms-notify' } };
const runningExample = { params: { name: 'cg-ledger-archive', id: 'CHANGE_ID' } };

/** Planned changes of what a group subscribes to, while its instances are deployed one after the other. */
export const subscriptionChangeRoutes: readonly Route[] = [
  defineRoute({
    method: 'post',
    path,
    id: 'subscription-changes.start',
    summary: 'Begin to change what a group subscribes to, across a rolling deploy',
    tag,
    permission: 'subscriptions.write',
    request: { params: group, body: startSubscriptionChangeSchema },
    answers: { 201: changed },
    problems: ['NOT_FOUND', 'RETIRED', 'ALREADY_EXISTS'],
    example: {
      ...example,
      body: {
        subscriptions: [
          {
            topic: 'pay-paycore-transfer-completed',
            filter: { type: 'tag', expression: 'OUT || IN' },
          },
        ],
      },
    },
    handle: async ({ params: { name }, body, actor }, { subscriptionChanges }) => {
      const deadline = body.deadline === undefined ? undefined : new Date(body.deadline);
      const change = await subscriptionChanges.start(actor, name, body.subscriptions, deadline);
      const location = `/v1/consumer-groups/${encodeURIComponent(name)}/subscription-changes/${change.id}`;
      return { status: 201, body: toChange(change), headers: { location } };
    },
  }),
  defineRoute({
    method: 'get',
    path,
    id: 'subscription-changes.list',
    summary: 'The latest subscription changes of a group, the newest first',
    tag,
    permission: 'subscriptions.read',
    request: { params: group },
    answers: {
      200: {
        description: 'At most 100 changes',
        schema: z.strictObject({ items: z.array(subscriptionChangeSchema) }),
      },
    },
    problems: ['NOT_FOUND'],
    example,
    handle: async ({ params: { name } }, { subscriptionChanges }) => ({
      status: 200,
      body: { items: (await subscriptionChanges.list(name)).map(toChange) },
    }),
  }),
  defineRoute({
    method: 'get',
    path: `${path}/{id}`,
    id: 'subscription-changes.watch',
    summary: 'How a subscription change stands: which instances have the old and the new set',
    tag,
    permission: 'subscriptions.read',
    request: { params: one },
    answers: { 200: { ...changed, schema: watchedSubscriptionChangeSchema } },
    problems: ['NOT_FOUND'],
    example: runningExample,
    handle: async ({ params: { name, id } }, { subscriptionChanges }) => ({
      status: 200,
      body: toWatched(await subscriptionChanges.watch(name, id)),
    }),
  }),
  defineRoute({
    method: 'post',
    path: `${path}/{id}:abort`,
    id: 'subscription-changes.abort',
    summary: 'Go back to the old set; the sessions of instances with the new one are closed',
    tag,
    permission: 'subscriptions.write',
    request: { params: one },
    answers: { 200: changed },
    problems: ['NOT_FOUND', 'RETIRED', 'VERSION_CONFLICT'],
    example: runningExample,
    handle: async ({ params: { name, id }, actor }, { subscriptionChanges }) => ({
      status: 200,
      body: toChange(await subscriptionChanges.abort(actor, name, id)),
    }),
  }),
  defineRoute({
    method: 'post',
    path: `${path}/{id}:contract`,
    id: 'subscription-changes.contract',
    summary: 'Make the new set the only one, now',
    tag,
    permission: 'subscriptions.write',
    request: { params: one, body: contractSubscriptionChangeSchema },
    answers: { 200: changed },
    problems: ['NOT_FOUND', 'RETIRED', 'VERSION_CONFLICT', 'IN_USE'],
    example: { ...runningExample, body: { force: true } },
    handle: async ({ params: { name, id }, body, actor }, { subscriptionChanges }) => ({
      status: 200,
      body: toChange(await subscriptionChanges.contract(actor, name, id, body.force)),
    }),
  }),
];

function toChange(change: SubscriptionChangeRecord) {
  const { startedAt, deadline, expandedAt, endedAt, ...rest } = change;
  return {
    ...rest,
    startedAt: startedAt.toISOString(),
    deadline: deadline.toISOString(),
    ...(expandedAt === undefined ? {} : { expandedAt: expandedAt.toISOString() }),
    ...(endedAt === undefined ? {} : { endedAt: endedAt.toISOString() }),
  };
}

function toWatched({ change, sessions, isOverdue }: WatchedChange) {
  // Those who are waited for come first.
  const sorted = [...sessions].sort((one, other) => other.side.localeCompare(one.side) * -1);
  const old = sessions.filter(({ side }) => side === 'before').length;
  return {
    ...toChange(change),
    overdue: isOverdue,
    live: { before: old, after: sessions.length - old },
    instances: sorted.slice(0, limits.pageEntries).map(({ session, side, isExpanded }) => ({
      ...{ session: session.id, instance: session.instance, environment: session.environment },
      ...{ subscribes: side, expanded: isExpanded },
      openedAt: session.openedAt.toISOString(),
      lastSeenAt: session.lastSeenAt.toISOString(),
    })),
  };
}
