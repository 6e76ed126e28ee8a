import type { Socket } from 'node:net';
import type { Clock } from '../core/clock.js';

/**
 * Looks at the first byte that a connection sends and leaves it there for whoever takes the connection over.
 * The answer is undefined when the connection ends or `waitMs` pass before it has sent anything.
 */
export function lookAtFirstByte(
  socket: Socket,
  clock: Clock,
  waitMs: number,
  answer: (firstByte: number | undefined) => void,
): void {
  const finish = (firstByte: number | undefined) => {
    cancelTimer();
    socket.off('readable', look);
    socket.off('end', giveUp);
    socket.off('close', giveUp);
    answer(firstByte);
  };
  const look = () => {
    const chunk: Buffer | null = socket.read();
    if (chunk === null) return;
    socket.unshift(chunk);
    finish(chunk[0]);
  };
  const giveUp = () => finish(undefined);
  const cancelTimer = clock.setTimer(waitMs, giveUp);
  socket.on('readable', look);
  socket.on('end', giveUp);
  socket.on('close', giveUp);
}
