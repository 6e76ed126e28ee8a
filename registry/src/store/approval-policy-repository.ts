import { approvalPolicySchema } from '@nomos/schemas';
import type { ApprovalPolicyRepository } from '../domain/approvals/change-request-repository.js';
import type { Prisma } from './generated/client.js';

export function approvalPolicyRepository(client: Prisma.TransactionClient): ApprovalPolicyRepository {
  return {
    async find() {
      const row = await client.approvalPolicy.findFirst({ orderBy: { version: 'desc' } });
      if (row === null) return undefined;
      return { ...row, policy: approvalPolicySchema.parse(row.policy) };
    },
    async insert(stored) {
      await client.approvalPolicy.create({ data: stored });
    },
  };
}
