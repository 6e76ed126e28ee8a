import { silentLogger } from '@nomos/schemas';
import { expect, test } from 'vitest';
import { SimulatedClock } from '../core/simulated-clock.js';
import { ConnectionCount } from './connection-count.js';

const limits = { connections: 5, connectionsPerAddress: 2 };
const newCount = () => new ConnectionCount(limits, new SimulatedClock(), silentLogger);

test('an address has its own limit; the others are not held up', () => {
  const count = newCount();
  const first = count.add('192.0.2.1');
  expect(count.add('192.0.2.1')).toBeDefined();
  expect(count.add('192.0.2.1')).toBeUndefined();
  expect(count.add('192.0.2.2')).toBeDefined();
  first?.();
  first?.();
  expect(count.add('192.0.2.1')).toBeDefined();
  expect(count.add('192.0.2.1')).toBeUndefined();
});

test.each(['127.0.0.1', '127.8.9.10', '::1', '::ffff:127.0.0.1'])('%s may have all of them', (address) => {
  const count = newCount();
  for (let index = 0; index < limits.connections; index++) expect(count.add(address)).toBeDefined();
  expect(count.add(address)).toBeUndefined();
  expect(count.add('192.0.2.1')).toBeUndefined();
});

test.each(['::ffff:192.0.2.1', '2001:db8::1', ''])('%j is not loopback', (address) => {
  const count = newCount();
  for (let index = 0; index < limits.connectionsPerAddress; index++) expect(count.add(address)).toBeDefined();
  expect(count.add(address)).toBeUndefined();
});
