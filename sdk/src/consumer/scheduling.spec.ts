import { NomosError } from '@nomos/schemas';
import { describe, expect, test } from 'vitest';
import { type Poll, Poller } from './poller.js';
import { ReceiveBudget } from './receive-budget.js';
import { retryDelayMs, retryPolicyOf } from './retry-policy.js';

const turn = () => new Promise((resolve) => setTimeout(resolve, 5));

describe('the budget', () => {
  const never = new AbortController().signal;

  test('gives room once there is half of what is wanted, and never more than there is', async () => {
    const budget = new ReceiveBudget(10);
    expect(await budget.take(32, never)).toBe(10);
    let room: number | undefined;
    budget.take(32, never).then((got) => {
      room = got;
    });
    budget.give(4);
    await turn();
    expect(room).toBeUndefined();
    budget.give(1);
    await turn();
    expect(room).toBe(5);
  });

  test('serves those who wait in order, and lets go who gives up', async () => {
    const budget = new ReceiveBudget(4);
    const gone = new AbortController();
    await budget.take(4, never);
    const order: string[] = [];
    const takers = (['first', 'second', 'third'] as const).map(async (name) => {
      order.push(`${name} ${await budget.take(4, name === 'second' ? gone.signal : never)}`);
    });
    gone.abort();
    budget.give(4);
    await takers[0];
    budget.give(4);
    await Promise.all(takers);
    expect(order.toSorted()).toEqual(['first 4', 'second 0', 'third 4']);
    expect(order.indexOf('first 4')).toBeLessThan(order.indexOf('third 4'));
    expect(await budget.take(4, gone.signal)).toBe(0);
  });
});

function setUp(backlog: number, extraCallsMax = 4) {
  const polls: { asked: number; cancelled: boolean; answer(): void }[] = [];
  const held: (() => void)[] = [];
  const failures: NomosError[] = [];
  let left = backlog;
  let failing = false;
  const poller = new Poller<number>({
    ...{ own: new ReceiveBudget(16), shared: new ReceiveBudget(16), extraCallsMax },
    receive: ({ messagesMax, onMessage }: Poll<number>) => {
      let end = (_: number) => {};
      const received = failing
        ? Promise.reject(new NomosError('UNAVAILABLE', 'gone'))
        : new Promise<number>((resolve) => (end = resolve));
      const answer = () => {
        const count = Math.min(left, messagesMax);
        left -= count;
        for (let index = 0; index < count; index++) onMessage(index);
        end(count);
      };
      const poll = { asked: messagesMax, cancelled: false, answer };
      polls.push(poll);
      if (left > 0 && !failing) setImmediate(answer);
      const cancel = () => {
        poll.cancelled = true;
        end(0);
      };
      return { received, cancel };
    },
    deliver: (_, giveRoom) => void held.push(giveRoom),
    onFailure: async (error) => void failures.push(error),
  });
  return { poller, polls, held, failures, fail: (is: boolean) => (failing = is) };
}

describe('a poller', () => {
  test('never holds more than its own and the shared room', async () => {
    const { poller, held } = setUp(1_000);
    poller.start();
    for (let index = 0; index < 10; index++) await turn();
    expect(held).toHaveLength(32);
    for (const giveRoom of held.splice(0)) giveRoom();
    for (let index = 0; index < 10; index++) await turn();
    expect(held).toHaveLength(32);
    await poller.stop();
  });

  test('waits by one call when there is nothing', async () => {
    const { poller, polls } = setUp(0);
    poller.start();
    await turn();
    expect(polls).toHaveLength(1);
    await poller.stop();
    expect(polls[0]?.cancelled).toBe(true);
  });

  test('goes on after failures, with pauses', async () => {
    const { poller, polls, failures, fail } = setUp(1);
    fail(true);
    poller.start();
    await turn();
    expect(failures).toMatchObject([{ code: 'UNAVAILABLE' }]);
    fail(false);
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(polls.length).toBeGreaterThan(1);
    await poller.stop();
  });
});

describe('the retry policy', () => {
  test('is the customized list where there is one', () => {
    const next = [{ seconds: 1 }, { seconds: 5, nanos: 500_000_000 }];
    const policy = retryPolicyOf({ backoffPolicy: { maxAttempts: 4, customizedBackoff: { next } } });
    expect(policy).toEqual({ maxAttempts: 4, delaysMs: [1_000, 5_500] });
    expect([1, 2, 3, 4].map((attempt) => retryDelayMs(policy, attempt))).toEqual([
      1_000, 5_500, 5_500, 5_500,
    ]);
  });

  test('grows exponentially up to its maximum otherwise', () => {
    const exponentialBackoff = { initial: { seconds: 1 }, max: { seconds: 5 }, multiplier: 2 };
    const policy = retryPolicyOf({ backoffPolicy: { maxAttempts: 5, exponentialBackoff } });
    expect(policy.delaysMs).toEqual([1_000, 2_000, 4_000, 5_000, 5_000]);
  });

  test("is RocketMQ's own without settings", () => {
    expect(retryPolicyOf({}).maxAttempts).toBe(17);
  });
});
