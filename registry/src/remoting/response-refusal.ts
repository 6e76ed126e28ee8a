import { type Code, NomosError } from '@nomos/schemas';
import type { RemotingAnswer } from './remoting-command.js';

/** RocketMQ's codes for answers (ResponseCode) that mean something to an administrator. */
export const responseCode = {
  success: 0,
  topicNotExist: 17,
} as const;

/** What some refusals are here; the others are BROKER_REFUSED. */
const codes: ReadonlyMap<number, Code> = new Map([
  [2, 'TOO_MANY_REQUESTS'],
  [14, 'UNAVAILABLE'],
]);

const REMARK_CHARACTERS_MAX = 500;

/** The error for an answer that is not success, with the server's own words. */
export function refusalOf(operation: string, address: string, { code, remark }: RemotingAnswer): NomosError {
  // Only the first line: RocketMQ appends its stack.
  const words = (remark.split('\n')[0] ?? '').slice(0, REMARK_CHARACTERS_MAX) || 'no reason given';
  return new NomosError(
    codes.get(code) ?? 'BROKER_REFUSED',
    `The broker ${address} refused ${operation} (RocketMQ code ${code}): ${words}`,
  );
}
