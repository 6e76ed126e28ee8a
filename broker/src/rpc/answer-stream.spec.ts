import { type AddressInfo, createServer, type Server } from 'node:net';
import { methods } from '@nomos/schemas';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { brokerLimits } from '../core/broker-limits.js';
import { systemClock } from '../core/clock.js';
import { SimulatedClock } from '../core/simulated-clock.js';
import type { GrpcCall } from '../grpc/call.js';
import { GrpcListener } from '../grpc/grpc-listener.js';
import { AnswerStream } from './answer-stream.js';
import { openUnread, RawClient } from './raw-client.spec.support.js';

const PART = Buffer.alloc(brokerLimits.answerBytesAhead, 1);

let clock: SimulatedClock;
let listener: GrpcListener;
let server: Server;
let endpoint: string;
let disconnects: number;
let written: number;
let ended: number;
let opened: AnswerStream | undefined;

beforeEach(async () => {
  clock = new SimulatedClock();
  disconnects = 0;
  written = 0;
  ended = 0;
  const serve = async (call: GrpcCall) => {
    opened = new AnswerStream(call, clock);
    opened.onEnded(() => ended++);
    for (let part = 0; part < 8; part++) {
      await opened.write(PART);
      written++;
    }
    opened.end();
  };
  listener = new GrpcListener(systemClock, new Map([[methods.receiveMessage.path, { serve }]]));
  server = createServer((socket) => {
    socket.on('close', () => disconnects++);
    listener.accept(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  endpoint = `127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterEach(async () => {
  server.close();
  await listener.close(0);
});

const pause = () => new Promise((resolve) => setTimeout(resolve, 200));

test('a client that reads gets everything, and leaves no timer behind', async () => {
  const client = new RawClient(endpoint, {});
  const sizes: number[] = [];
  for await (const part of client.startReceive('g', 't')) sizes.push((part as Buffer).length);
  client.close();
  expect(sizes).toEqual(Array(8).fill(PART.length));
  expect(ended).toBeGreaterThan(0);
  expect(clock.timerCount).toBe(0);
  expect(disconnects).toBe(0);
});

test('for a client that reads nothing, hardly anything is written, and in time it is disconnected', async () => {
  const call = openUnread(endpoint, 'ReceiveMessage', {});
  call.end(Buffer.alloc(0));
  await pause();
  // One part is ahead, the next one waits until that is read.
  expect(written).toBe(1);
  await clock.advance(brokerLimits.unreadAnswerMs - 1);
  expect(disconnects).toBe(0);
  await clock.advance(1);
  await pause();
  expect(disconnects).toBe(1);
  call.close();
  await pause();
});

test('one that leaves lets the writer go on, and its timer ends', async () => {
  const call = openUnread(endpoint, 'ReceiveMessage', {});
  call.end(Buffer.alloc(0));
  await pause();
  call.close();
  await pause();
  expect(written).toBe(8);
  expect(opened?.isCancelled()).toBe(true);
  expect(clock.timerCount).toBe(0);
});
