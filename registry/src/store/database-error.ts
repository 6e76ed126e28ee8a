import { NomosError } from '@nomos/schemas';
import { Prisma } from './generated/client.js';

/** Prisma's codes for a database that cannot be reached, is too busy, or broke off. */
const UNAVAILABLE_CODES = new Set(['P1001', 'P1002', 'P1008', 'P1017', 'P2024', 'P2028', 'P2034', 'P2037']);

/** What sockets and Postgres report when a server goes away or is not there. */
const UNAVAILABLE_TEXT =
  /ECONNREFUSED|ECONNRESET|EPIPE|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|EHOSTUNREACH|Connection terminated|terminating connection|the database system is|timeout exceeded when trying to connect|too many clients|Cannot use a pool after calling end|Client has encountered a connection error|statement timeout/i;

/** Any error of the store as one of ours. Details that only a log may have are in its `cause`. */
export function toDatabaseError(thrown: unknown): NomosError {
  if (thrown instanceof NomosError) return thrown;
  const code = thrown instanceof Prisma.PrismaClientKnownRequestError ? thrown.code : undefined;
  if (code === 'P2002') {
    return new NomosError('ALREADY_EXISTS', 'Somebody else has just taken the name.', { cause: thrown });
  }
  if ((code !== undefined && UNAVAILABLE_CODES.has(code)) || UNAVAILABLE_TEXT.test(textOf(thrown))) {
    return new NomosError(
      'UNAVAILABLE',
      'The database of the registry cannot be reached, or does not answer.',
      {
        cause: thrown,
        fix: 'Try again; if it persists, check the database and the log of the registry.',
      },
    );
  }
  return new NomosError('INTERNAL', 'The database refused what the registry asked of it.', { cause: thrown });
}

/** The messages of an error and of its causes; drivers wrap several layers deep. */
function textOf(thrown: unknown, depth = 0): string {
  if (depth > 4 || !(thrown instanceof Error)) return '';
  const { code } = thrown as NodeJS.ErrnoException;
  const inner = thrown instanceof AggregateError ? thrown.errors : [thrown.cause];
  return [thrown.message, code ?? '', ...inner.map((one) => textOf(one, depth + 1))].join(' ');
}
