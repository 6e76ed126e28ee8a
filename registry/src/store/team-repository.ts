import { type Team, teamSchema } from '@nomos/schemas';
import type { EntryRepository } from '../domain/repositories.js';
import { entryRepository, toRow, withTexts } from './entry-table.js';
import type { Prisma } from './generated/client.js';

export function teamRepository(client: Prisma.TransactionClient): EntryRepository<Team> {
  return entryRepository({
    keyColumns: ['code'],
    findMany: async (where, limit) => {
      const rows = await client.team.findMany({
        where: where as Prisma.TeamWhereInput,
        orderBy: { code: 'asc' },
        ...(limit === undefined ? {} : { take: limit }),
      });
      return rows.map((row) => ({
        ...withTexts(row),
        contacts: teamSchema.shape.contacts.parse(row.contacts),
      }));
    },
    create: (entry) => client.team.create({ data: toRow(entry) }),
    update: (where, entry) =>
      client.team.updateMany({ where: where as Prisma.TeamWhereInput, data: toRow(entry) }),
  });
}
