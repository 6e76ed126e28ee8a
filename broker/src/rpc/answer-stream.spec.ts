import { Server, ServerCredentials, type ServerWritableStream } from '@grpc/grpc-js';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { brokerLimits } from '../core/broker-limits.js';
import { SimulatedClock } from '../core/simulated-clock.js';
import { AnswerStream } from './answer-stream.js';
import { openUnread, RawClient } from './raw-client.spec.support.js';
import { serviceDefinition } from './service-definition.js';

const PART = Buffer.alloc(brokerLimits.answerBytesAhead, 1);

let clock: SimulatedClock;
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
  server = new Server();
  server.addService(serviceDefinition, {
    receiveMessage: async (call: ServerWritableStream<Buffer, Buffer>) => {
      opened = new AnswerStream(call, clock, () => disconnects++);
      opened.onEnded(() => ended++);
      for (let part = 0; part < 8; part++) {
        await opened.write(PART);
        written++;
      }
      opened.end();
    },
  });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  endpoint = `127.0.0.1:${port}`;
});

afterEach(() => server.forceShutdown());

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
