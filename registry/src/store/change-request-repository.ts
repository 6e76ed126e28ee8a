import type { ChangeRequest } from '@nomos/schemas';
import { changeRequestSchema } from '@nomos/schemas';
import type {
  ChangeRequestQuery,
  ChangeRequestRepository,
} from '../domain/approvals/change-request-repository.js';
import type { Prisma, ChangeRequest as Row } from './generated/client.js';

export function changeRequestRepository(client: Prisma.TransactionClient): ChangeRequestRepository {
  return {
    async find(id) {
      const row = await client.changeRequest.findUnique({ where: { id } });
      return row === null ? undefined : requestOf(row);
    },
    async findOpen(kind, key) {
      const row = await client.changeRequest.findFirst({
        where: { kind, key: { equals: [...key] }, state: 'open' },
      });
      return row === null ? undefined : requestOf(row);
    },
    async list(query) {
      const rows = await client.changeRequest.findMany({
        where: whereOf(query),
        orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
        take: query.limit,
      });
      return rows.map(requestOf);
    },
    async listOverdue(now, limit) {
      const rows = await client.changeRequest.findMany({
        where: { state: 'open', expiresAt: { lte: now } },
        orderBy: { expiresAt: 'asc' },
        take: limit,
      });
      return rows.map(requestOf);
    },
    async insert(request) {
      await client.changeRequest.create({ data: rowOf(request) });
    },
    async update(request) {
      await client.changeRequest.update({ where: { id: request.id }, data: rowOf(request) });
    },
  };
}

function whereOf({ state, kind, subject, team, before }: ChangeRequestQuery): Prisma.ChangeRequestWhereInput {
  return {
    ...(state === undefined ? {} : { state }),
    ...(kind === undefined ? {} : { kind }),
    ...(subject === undefined ? {} : { key: { has: subject } }),
    ...(team === undefined ? {} : { teams: { has: team } }),
    ...(before === undefined
      ? {}
      : {
          OR: [
            { createdAt: { lt: before.createdAt } },
            { createdAt: before.createdAt, id: { lt: before.id } },
          ],
        }),
  };
}

/** What is searched for has a column; the request itself is one document. */
function rowOf(request: ChangeRequest) {
  const { id, kind, key, state, requirements, createdAt, expiresAt } = request;
  const teams = requirements.flatMap(({ team }) => (team === undefined ? [] : [team]));
  return {
    ...{ id, kind, key, state, teams: [...new Set(teams)] },
    ...{ createdAt: new Date(createdAt), expiresAt: new Date(expiresAt) },
    document: request as unknown as Prisma.InputJsonObject,
  };
}

function requestOf({ document }: Row): ChangeRequest {
  return changeRequestSchema.parse(document);
}
