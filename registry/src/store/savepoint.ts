import type { Prisma } from './generated/client.js';

/** Runs a part of a transaction, and undoes that alone if it fails. Parts may be within parts. */
export async function withSavepoint<Result>(
  client: Prisma.TransactionClient,
  work: () => Promise<Result>,
): Promise<Result> {
  await client.$executeRaw`SAVEPOINT part`;
  try {
    const result = await work();
    await client.$executeRaw`RELEASE SAVEPOINT part`;
    return result;
  } catch (error) {
    await client.$executeRaw`ROLLBACK TO SAVEPOINT part`;
    // It would hide the savepoint of the part around this one, which has the same name.
    await client.$executeRaw`RELEASE SAVEPOINT part`;
    throw error;
  }
}
