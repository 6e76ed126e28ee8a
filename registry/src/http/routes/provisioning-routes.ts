import {
  adoptSchema,
  brokerAccessSchema,
  nameSchema,
  provisioningStateSchema,
  reconcileSchema,
} from '@nomos/schemas';
import { z } from 'zod';
import { defineRoute, type Route } from '../route.js';

const path = '/v1/environments/{code}/provisioning';
const params = z.strictObject({ code: nameSchema });
const answer = { description: 'How far provisioning has come', schema: provisioningStateSchema };
const readable = { tag: 'provisioning', permission: 'provisioning.read' } as const;
const writable = { tag: 'provisioning', permission: 'provisioning.write' } as const;

/** How long an answer waits for a broker; the work goes on after it. Under an idempotency key it only begins then. */
const WAIT_MS = 10_000;

/** How topics and groups reach the brokers of environments. */
export const provisioningRoutes: readonly Route[] = [
  defineRoute({
    ...{ method: 'get', path, id: 'provisioning.read', ...readable },
    summary: "Read how the catalog and an environment's broker differ, and what is about to be done",
    request: { params },
    answers: { 200: answer },
    problems: ['NOT_FOUND'],
    example: { params: { code: 'dev' } },
    handle: async ({ params: { code } }, { provisioning }) => ({
      status: 200,
      body: await provisioning.state(code),
    }),
  }),
  defineRoute({
    ...{ method: 'put', path, id: 'provisioning.set', ...writable },
    summary: "Give the registry access to an environment's broker as its administrator, or other access",
    request: { params, body: brokerAccessSchema },
    answers: { 200: answer },
    problems: ['NOT_FOUND', 'RETIRED'],
    example: {
      params: { code: 'dev' },
      body: { endpoints: ['127.0.0.1:8081'], accessKey: 'nomos-admin', secretKey: 'the secret of the key' },
    },
    handle: async ({ params: { code }, body, actor }, { provisioning, reconciler, database }) => {
      await provisioning.setAccess(actor, code, body);
      await database.afterwards(async () => reconciler.wake());
      return { status: 200, body: await provisioning.state(code) };
    },
  }),
  defineRoute({
    ...{ method: 'delete', path, id: 'provisioning.remove', ...writable },
    summary: 'End the managing of a broker; what is there stays as it is',
    request: { params },
    answers: { 204: { description: 'The registry has forgotten the access and its secret' } },
    problems: ['NOT_FOUND'],
    example: { params: { code: 'dev' } },
    handle: async ({ params: { code }, actor }, { provisioning, reconciler, database }) => {
      await provisioning.removeAccess(actor, code);
      await database.afterwards(async () => reconciler.forget(code));
      return { status: 204 };
    },
  }),
  defineRoute({
    ...{ method: 'post', path: `${path}:reconcile`, id: 'provisioning.reconcile', ...writable },
    summary: 'Compare the whole broker with the catalog now, and set right what differs',
    request: { params, body: reconcileSchema },
    answers: { 200: answer, 202: { ...answer, description: 'It goes on' } },
    problems: ['NOT_FOUND'],
    example: { params: { code: 'dev' }, body: { repair: true } },
    handle: async ({ params: { code }, body, actor }, { provisioning, reconciler, database }) => {
      await provisioning.recordReconciling(actor, code, body);
      const ended = await database.afterwards(() => reconciler.reconcile(code, body.repair, WAIT_MS));
      return { status: ended ? 200 : 202, body: await provisioning.state(code) };
    },
  }),
  defineRoute({
    ...{ method: 'post', path: `${path}:adopt`, id: 'provisioning.adopt', ...writable },
    summary: 'Give entries that were at the broker before into the hands of the registry',
    request: { params, body: adoptSchema },
    answers: { 200: answer, 202: { ...answer, description: 'They are adopted, and not yet changed' } },
    problems: ['NOT_FOUND', 'RETIRED'],
    example: { params: { code: 'dev' }, body: { topics: ['pay-paycore-transfer-completed'] } },
    handle: async ({ params: { code }, body, actor }, { provisioning, reconciler, database }) => {
      await provisioning.adopt(actor, code, body);
      const ended = await database.afterwards(() => reconciler.reconcile(code, undefined, WAIT_MS));
      return { status: ended ? 200 : 202, body: await provisioning.state(code) };
    },
  }),
];
