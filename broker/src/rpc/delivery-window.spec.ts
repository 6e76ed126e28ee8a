import { expect, test } from 'vitest';
import { SimulatedClock } from '../core/simulated-clock.js';
import { answerBytes, DeliveryWindow } from './delivery-window.js';

const MIB = 1024 * 1024;
/** More than one answer may need, less than two. */
const ONE_ANSWER = 20 * MIB;
const never = () => {
  throw new Error('nobody is to go on');
};

test('an answer counts with all its messages, and the largest of them three times', () => {
  expect(answerBytes([])).toBe(0);
  expect(answerBytes([5])).toBe(15);
  expect(answerBytes([5, 7, 1])).toBe(27);
});

test('room is held when messages are taken, cut to what they need, and given back once', () => {
  const window = new DeliveryWindow(new SimulatedClock());
  const room = window.room('sms', never);
  expect(window.bytes).toBe(0);
  expect(room.hold()).toBe(true);
  expect(room.hold()).toBe(true);
  expect(window.bytes).toBeGreaterThan(8 * MIB);
  room.use(300);
  expect(window.bytes).toBe(300);
  room.release();
  room.release();
  expect(window.bytes).toBe(0);
  room.use(300);
  expect(room.hold()).toBe(false);
  expect(window.bytes).toBe(0);
});

test('room that was held in vain is given back in the next turn', async () => {
  const clock = new SimulatedClock();
  const window = new DeliveryWindow(clock);
  const room = window.room('sms', never);
  room.hold();
  await clock.advance(0);
  expect(window.bytes).toBe(0);
  expect(room.hold()).toBe(true);
  room.use(10);
  await clock.advance(1_000);
  expect(window.bytes).toBe(10);
});

test('without room a receive waits in line, longest waiting first', () => {
  const limits = { unreadBytes: ONE_ANSWER, unreadBytesPerApplication: ONE_ANSWER };
  const window = new DeliveryWindow(new SimulatedClock(), limits);
  const went: string[] = [];
  const [a, b, c] = ['a', 'b', 'c'].map((name) => window.room('sms', () => went.push(name)));
  expect([a?.hold(), b?.hold(), c?.hold()]).toEqual([true, false, false]);
  a?.use(8 * MIB);
  expect(went).toEqual([]);
  a?.release();
  expect(went).toEqual(['b']);
  expect(b?.hold()).toBe(true);
  b?.release();
  expect(went).toEqual(['b', 'c']);
});

test('one that leaves the line is passed over, and one that waited in vain is told so', () => {
  const limits = { unreadBytes: ONE_ANSWER, unreadBytesPerApplication: ONE_ANSWER };
  const window = new DeliveryWindow(new SimulatedClock(), limits);
  const went: string[] = [];
  const [a, b, c] = ['a', 'b', 'c'].map((name) => window.room('sms', () => went.push(name)));
  a?.hold();
  a?.assertNotRefused('sms');
  b?.hold();
  c?.hold();
  expect(() => b?.assertNotRefused('sms')).toThrow(expect.objectContaining({ code: 'TOO_MANY_REQUESTS' }));
  b?.release();
  a?.release();
  expect(went).toEqual(['c']);
});

test('an application that does not read does not hold up another; together they keep the bound', () => {
  const limits = { unreadBytes: 3 * ONE_ANSWER, unreadBytesPerApplication: ONE_ANSWER };
  const window = new DeliveryWindow(new SimulatedClock(), limits);
  const went: string[] = [];
  const room = (application: string) => window.room(application, () => went.push(application));
  const held = ['a', 'a', 'a', 'b', 'b', 'c', 'd'].map((name) => [name, room(name)] as const);
  expect(held.map(([name, one]) => `${name} ${one.hold()}`)).toEqual([
    'a true',
    'a false',
    'a false',
    'b true',
    'b false',
    'c true',
    'd false',
  ]);
  expect(window.bytes).toBeLessThanOrEqual(limits.unreadBytes);
  // C gives back: b and a are still full, so it is d's turn.
  held[5]?.[1].release();
  expect(went).toEqual(['d']);
  held[0]?.[1].release();
  expect(went).toEqual(['d', 'a']);
});
