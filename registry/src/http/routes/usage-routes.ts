import { nameSchema, usageReportSchema, usageSchema, usageWatchListSchema } from '@nomos/schemas';
import { z } from 'zod';
import { consumerGroups } from '../../domain/catalog/consumer-groups.js';
import { producerGroups } from '../../domain/catalog/producer-groups.js';
import { topics } from '../../domain/catalog/topics.js';
import { defineRoute, type Route } from '../route.js';
import { requireEnvironment } from './edge-routes.js';

const params = z.strictObject({ name: nameSchema });
const answer = { description: 'Who used it last and how much, the newest first', schema: usageSchema };

/** What is published and consumed, as brokers see it. */
export const usageRoutes: readonly Route[] = [
  defineRoute({
    ...{ method: 'get', path: '/v1/topics/{name}/usage', id: 'topics.usage', tag: 'usage' },
    summary: 'Read when a topic was published and consumed last, by group and instance',
    permission: 'topics.read',
    request: { params },
    answers: { 200: answer },
    problems: ['NOT_FOUND'],
    example: { params: { name: 'pay-paycore-transfer-completed' } },
    handle: async ({ params: { name } }, { catalog, usage }) => {
      await catalog.read(topics, [name]);
      return { status: 200, body: await usage.ofTopic(name) };
    },
  }),
  defineRoute({
    ...{ method: 'get', path: '/v1/producer-groups/{name}/usage', id: 'producer-groups.usage', tag: 'usage' },
    summary: 'Read what a producer group published, by topic and instance',
    permission: 'producer-groups.read',
    request: { params },
    answers: { 200: answer },
    problems: ['NOT_FOUND'],
    example: { params: { name: 'pg-paycore-transfer' } },
    handle: async ({ params: { name } }, { catalog, usage }) => {
      await catalog.read(producerGroups, [name]);
      return { status: 200, body: await usage.ofGroup(name) };
    },
  }),
  defineRoute({
    ...{ method: 'get', path: '/v1/consumer-groups/{name}/usage', id: 'consumer-groups.usage', tag: 'usage' },
    summary: 'Read what a consumer group consumed, by topic and instance',
    permission: 'consumer-groups.read',
    request: { params },
    answers: { 200: answer },
    problems: ['NOT_FOUND'],
    example: { params: { name: 'cg-sms-notify' } },
    handle: async ({ params: { name } }, { catalog, usage }) => {
      await catalog.read(consumerGroups, [name]);
      return { status: 200, body: await usage.ofGroup(name) };
    },
  }),
  defineRoute({
    ...{ method: 'get', path: '/v1/usage/environments', id: 'usage.environments', tag: 'usage' },
    summary: 'Read since when each environment’s broker reports; where none does, nothing counts as unused',
    permission: 'recycling.read',
    answers: { 200: { description: 'Environments with a report, by code', schema: usageWatchListSchema } },
    example: {},
    handle: async (_call, { usage }) => ({ status: 200, body: { items: await usage.watches() } }),
  }),
  defineRoute({
    ...{ method: 'post', path: '/v1/edge/usage', id: 'edge.report-usage', tag: 'edge' },
    summary: 'Report what clients published and consumed since the last report',
    permission: 'edge.report',
    request: { body: usageReportSchema },
    answers: { 204: { description: 'It counts, once for the id' } },
    example: {
      body: {
        environment: 'dev',
        id: 'broker-1-42',
        entries: [
          {
            ...{ kind: 'published', topic: 'pay-paycore-transfer-completed', group: 'pg-paycore-transfer' },
            ...{ application: 'paycore', instance: 'paycore-1', count: 120, lastAt: '2026-11-21T12:00:00Z' },
          },
        ],
      },
    },
    handle: async ({ body, actor }, { usage }) => {
      requireEnvironment(actor, body.environment);
      await usage.report(body);
      return { status: 204 };
    },
  }),
];
