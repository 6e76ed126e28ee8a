import { limits } from '@nomos/schemas';
import { milliseconds } from './duration.js';
import { requestRefused } from './status.js';

/** The answer must be with the client before its deadline. */
const ANSWER_MARGIN_MS = 200;

/** How long to wait: what the client asks for, within RocketMQ's bounds and the call's deadline. */
export function readWaitMs(
  longPollingTimeout: Parameters<typeof milliseconds>[0],
  remainingMs: number,
): number {
  const { longPollingMsMin, longPollingMsMax } = limits;
  const asked = milliseconds(longPollingTimeout) ?? longPollingMsMax;
  const waitMs = Math.min(Math.max(asked, longPollingMsMin), longPollingMsMax);
  if (waitMs <= remainingMs - ANSWER_MARGIN_MS) return waitMs;
  if (remainingMs >= longPollingMsMin) return remainingMs - ANSWER_MARGIN_MS;
  const expected = `a deadline of at least ${longPollingMsMin} ms`;
  throw requestRefused(
    'polling-time',
    `The deadline leaves ${Math.round(remainingMs)} ms for polling.`,
    expected,
  );
}
