import { checkNamesSchema, checkOneNameSchema, judgedNameSchema, judgedNamesSchema } from '@nomos/schemas';
import { defineRoute, type Route } from '../route.js';

const legalName = { kind: 'topic', name: 'pay-paycore-refund-requested', application: 'paycore' };
const illegalName = { kind: 'consumer-group', name: 'SMS_Notify', application: 'sms' };

/** What the norms in force say about names. */
export const nameRoutes: readonly Route[] = [
  defineRoute({
    method: 'post',
    path: '/v1/names/check',
    id: 'names.check',
    summary: 'Read a name: what it means, or everything that is wrong with it',
    tag: 'norms',
    permission: 'names.check',
    request: { body: checkOneNameSchema },
    answers: { 200: { description: 'The reading', schema: judgedNameSchema } },
    example: { body: legalName },
    handle: async ({ body: { environment, ...name } }, { judge, database }) => {
      const environments = environment === undefined ? [] : [environment];
      const options = { environments, withSimilarNames: true };
      const [reading] = await judge.readAll([name], database.repositories, options);
      return { status: 200, ...(reading === undefined ? {} : { body: reading }) };
    },
  }),
  defineRoute({
    method: 'post',
    path: '/v1/names/check-many',
    id: 'names.check-many',
    summary: 'Read many names in one call; the answers are in the order of the names',
    tag: 'norms',
    permission: 'names.check',
    request: { body: checkNamesSchema },
    answers: { 200: { description: 'The readings', schema: judgedNamesSchema } },
    example: { body: { environment: 'dev', names: [legalName, illegalName] } },
    handle: async ({ body: { names, environment } }, { judge, database }) => {
      const environments = environment === undefined ? [] : [environment];
      const options = { environments, withSimilarNames: true };
      return { status: 200, body: { items: await judge.readAll(names, database.repositories, options) } };
    },
  }),
];
