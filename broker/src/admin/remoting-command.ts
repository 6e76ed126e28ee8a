/** How the header of a frame is written; an answer is written as its request was. */
export type HeaderForm = 'json' | 'compact';

/** A request or an answer of RocketMQ's remoting protocol. */
export interface RemotingCommand {
  readonly form: HeaderForm;
  /** What is asked for (RequestCode), or how it went (ResponseCode). */
  readonly code: number;
  /** The MQVersion of the sender, as an ordinal. */
  readonly version: number;
  /** Says which request an answer is for. */
  readonly opaque: number;
  /** Bit 0: an answer. Bit 1: a request that wants none. */
  readonly flag: number;
  readonly remark: string;
  readonly fields: ReadonlyMap<string, string>;
  readonly body: Buffer;
}

const ANSWER_BIT = 1;
const ONE_WAY_BIT = 2;

export const ANSWER_FLAG = ANSWER_BIT;

export function isAnswer(command: RemotingCommand): boolean {
  return (command.flag & ANSWER_BIT) !== 0;
}

export function wantsNoAnswer(command: RemotingCommand): boolean {
  return (command.flag & ONE_WAY_BIT) !== 0;
}

/** Thrown on bytes that are no frame of the protocol. Nothing after them can be understood: the connection ends. */
export class FrameError extends Error {
  override readonly name = 'FrameError';
}
