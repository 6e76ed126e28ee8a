import { NomosError } from '@nomos/schemas';
import { expect, test } from 'vitest';
import { DeliveredMessage } from '../transport/delivered-message.js';
import { WireReader } from '../transport/wire-reader.js';
import { HeldMessage } from './held-message.js';
import { LeaseKeeper } from './lease-keeper.js';

function held(leaseMs: number): HeldMessage {
  const delivered = new DeliveredMessage(new WireReader(Buffer.alloc(0)));
  const assignment = { target: 'dns:host:1', topic: 't', queue: {} };
  return new HeldMessage(delivered, assignment, Date.now() + leaseMs, () => {});
}

const sleep = (timeMs: number) => new Promise((resolve) => setTimeout(resolve, timeMs));

test('a lease is renewed at half time, again and again, with the last receipt handle', async () => {
  let renewals = 0;
  const keeper = new LeaseKeeper(100, async () => `handle ${++renewals}`);
  const one = held(100);
  keeper.keep(one);
  await sleep(230);
  await keeper.letGo(one);
  const after = renewals;
  expect(after).toBeGreaterThanOrEqual(2);
  expect(one.receiptHandle).toBe(`handle ${after}`);
  await sleep(120);
  expect(renewals).toBe(after);
  keeper.close();
});

test('letting go waits for the renewal under way, whose handle is then the valid one', async () => {
  const keeper = new LeaseKeeper(40, async () => {
    await sleep(60);
    return 'new';
  });
  const one = held(1_000);
  keeper.keep(one);
  await sleep(35);
  await keeper.letGo(one);
  expect(one.receiptHandle).toBe('new');
  keeper.close();
});

test.each<[string, () => Promise<string>, () => Promise<boolean>]>([
  [
    'the broker refuses',
    () => Promise.reject(new NomosError('RECEIPT_HANDLE_INVALID', 'no')),
    async () => true,
  ],
  ['another worker has the claim', async () => 'new', async () => false],
  [
    'the broker is away until the lease ends',
    () => Promise.reject(new NomosError('UNAVAILABLE', 'gone')),
    async () => true,
  ],
])('when %s the lease is lost, and the handler is signalled', async (_, renew, renewClaim) => {
  const keeper = new LeaseKeeper(40, renew);
  const one = held(150);
  one.renewClaim = renewClaim;
  const { signal } = one;
  keeper.keep(one);
  await sleep(250);
  expect(one.loss?.code).toBe('RECEIPT_HANDLE_INVALID');
  expect(signal.aborted).toBe(true);
  expect(one.signal.aborted).toBe(true);
  keeper.close();
});
