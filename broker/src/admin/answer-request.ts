import { type Logger, NomosError } from '@nomos/schemas';
import type { AdminBackend } from './admin-backend.js';
import { adminLimits } from './admin-limits.js';
import { encodeFrame } from './frame.js';
import type { AdminAddress, AdminAnswer, Operation } from './operation.js';
import { operations } from './operations.js';
import { ANSWER_FLAG, type RemotingCommand } from './remoting-command.js';
import { RequestFields } from './request-fields.js';
import { responseCode, responseCodeOf } from './response-code.js';
import { ROCKETMQ_VERSION, rocketmqVersionNumber } from './rocketmq-version.js';
import { type AdminCredentials, assertSigned } from './signature.js';

const byCode = new Map(operations.map((operation) => [operation.code, operation]));
const VERSION = rocketmqVersionNumber(ROCKETMQ_VERSION);
const EMPTY = Buffer.alloc(0);

export interface AnswerOptions {
  readonly backend: AdminBackend;
  readonly credentials: AdminCredentials;
  readonly log: Logger;
  readonly nowMs: () => number;
}

/** Who asks: where it calls from, and how it reaches the broker. */
export interface Asker {
  readonly peer: string;
  readonly address: AdminAddress;
}

/** The frame that answers a request, if only with a refusal. */
export async function answerRequest(
  options: AnswerOptions,
  command: RemotingCommand,
  asker: Asker,
): Promise<Buffer> {
  try {
    assertSigned(command, options.credentials);
    return answerFrame(command, await handle(options, command, asker));
  } catch (error) {
    const known = error instanceof NomosError;
    if (!known) options.log.error({ err: error, code: command.code }, 'an admin request failed');
    const refusal = known ? error : new NomosError('INTERNAL', 'The broker failed on this request.');
    return answerFrame(command, { code: responseCodeOf(refusal.code), remark: refusal.toLine() });
  }
}

async function handle(options: AnswerOptions, command: RemotingCommand, asker: Asker): Promise<AdminAnswer> {
  const operation = byCode.get(command.code);
  if (operation === undefined) {
    throw new NomosError('NOT_SUPPORTED', `This broker does not offer the admin request ${command.code}.`, {
      fix: 'See docs/operations.md for those that it offers.',
    });
  }
  const request = {
    fields: new RequestFields(command.fields),
    ...{ body: command.body, nowMs: options.nowMs(), address: asker.address },
  };
  const answer = await operation.handle(request, options.backend);
  if (operation.changes) noteChange(options, operation, command, asker);
  return answer;
}

/** What an admin changes goes into the log with who did it from where. The signature is left out: it can be used again. */
function noteChange(
  options: AnswerOptions,
  operation: Operation,
  command: RemotingCommand,
  asker: Asker,
): void {
  const fields = Object.fromEntries(
    [...command.fields]
      .filter(([name]) => name !== 'Signature' && name !== 'SecurityToken')
      .map(([name, text]) => [name, text.slice(0, adminLimits.quotedCharacters)]),
  );
  const body = command.body.toString('utf8', 0, adminLimits.quotedCharacters);
  options.log.info({ operation: operation.name, peer: asker.peer, fields, body }, 'admin change');
}

function answerFrame(command: RemotingCommand, answer: AdminAnswer): Buffer {
  const { code = responseCode.success, remark = '', fields = {}, body = EMPTY } = answer;
  return encodeFrame({
    ...{ form: command.form, code, remark, version: VERSION, opaque: command.opaque, flag: ANSWER_FLAG },
    fields: new Map(Object.entries(fields)),
    body: typeof body === 'string' ? Buffer.from(body) : body,
  });
}
