import { NomosError } from '@nomos/schemas';
import { expect, test } from 'vitest';
import { SendEntry } from './send-entry.js';
import { type Outlet, Sender } from './sender.js';

const entry = (id: string, timeoutMs = 5_000) =>
  new SendEntry('topic', id, Buffer.from(id), Date.now() + timeoutMs);
const unavailable = new NomosError('UNAVAILABLE', 'gone');

function outlet(send: Outlet['send']) {
  const failures: string[] = [];
  return { outlet: { send, failed: (topic: string) => void failures.push(topic) }, failures };
}

test('a failed entry fails only its own send', async () => {
  const refusal = new NomosError('MESSAGE_ILLEGAL', 'no');
  const { outlet: out } = outlet(async () => [{ offset: 1 }, { error: refusal }, { offset: 2 }]);
  const sender = new Sender(out, 5_000);
  const entries = ['a', 'b', 'c'].map((id) => entry(id));
  for (const one of entries) sender.add(one);
  const results = await Promise.allSettled(entries.map(({ receipt }) => receipt));
  expect(results).toMatchObject([
    { value: { messageId: 'a', offset: 1 } },
    { reason: refusal },
    { value: { messageId: 'c', offset: 2 } },
  ]);
});

test('what may pass is sent again with the same bytes, and only that', async () => {
  const calls: string[][] = [];
  const { outlet: out, failures } = outlet(async (_, messages) => {
    calls.push(messages.map(String));
    if (calls.length === 1) throw unavailable;
    return messages.map((_, index) =>
      calls.length === 2 && index === 1 ? { error: unavailable } : { offset: 0 },
    );
  });
  const sender = new Sender(out, 5_000);
  const entries = ['a', 'b', 'c'].map((id) => entry(id));
  for (const one of entries) sender.add(one);
  await Promise.all(entries.map(({ receipt }) => receipt));
  expect(calls).toEqual([['a', 'b', 'c'], ['a', 'b', 'c'], ['b']]);
  expect(failures).toEqual(['topic', 'topic']);
  await sender.idle();
});

test('what will not pass is not sent again', async () => {
  let calls = 0;
  const { outlet: out } = outlet(async () => {
    calls++;
    throw new NomosError('TOPIC_NOT_GRANTED', 'no');
  });
  const sender = new Sender(out, 5_000);
  const one = entry('a');
  sender.add(one);
  await expect(one.receipt).rejects.toMatchObject({ code: 'TOPIC_NOT_GRANTED' });
  expect(calls).toBe(1);
});

test('at the deadline a send is given up while its call is still under way; a late answer changes nothing', async () => {
  let answer = () => {};
  const { outlet: out } = outlet(() => new Promise((resolve) => (answer = () => resolve([{ offset: 0 }]))));
  const sender = new Sender(out, 50);
  const one = entry('a', 50);
  sender.add(one);
  await expect(one.receipt).rejects.toMatchObject({ code: 'TIMEOUT' });
  answer();
  await sender.idle();
  expect(sender.pending).toBe(0);
});

test('what is beyond the capacity waits, and is sent when there is room', async () => {
  let inCalls = 0;
  let most = 0;
  const { outlet: out } = outlet(async (_, messages) => {
    inCalls += messages.length;
    most = Math.max(most, inCalls);
    await new Promise((resolve) => setTimeout(resolve, 1));
    inCalls -= messages.length;
    return messages.map(() => ({ offset: 0 }));
  });
  const sender = new Sender(out, 30_000);
  const entries = Array.from({ length: 25_000 }, (_, index) => entry(`${index}`, 30_000));
  for (const one of entries) sender.add(one);
  expect(sender.pending).toBe(20_000);
  await Promise.all(entries.map(({ receipt }) => receipt));
  await sender.idle();
  expect(most).toBeLessThanOrEqual(512);
});
